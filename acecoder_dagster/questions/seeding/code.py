"""Seed functions from Python code: a folder, a file, an installed package, or the standard library."""

import hashlib
import importlib.metadata
import sys
import sysconfig
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.questions.seeding.errors import SeedError
from acecoder_dagster.questions.seeding.found import FoundSeed
from acecoder_dagster.questions.seeding.functions import FoundFunction, Module

STANDARD_LIBRARY = "stdlib"
_LIBRARY_LICENCE = "PSF-2.0"
_LONGEST_FILE = 1 << 22
"""Bytes; the standard library's longest file has 757,011. A syntax tree takes a hundred times its text."""
_NEVER = {"__pycache__", "site-packages", "node_modules", "test", "tests"}
"""Folders that are not entered, nor those whose names start with a dot: their functions are no seeds."""


@dataclass(frozen=True)
class CodeFolder:
    """Python files: `package` is the dotted name of the root where it is a package, "" where modules lie in it."""

    name: str
    root: Path
    files: list[Path]
    package: str | None
    importable: bool
    licence: str | None
    revision: str = field(init=False)

    def __post_init__(self) -> None:
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(f"{path.relative_to(self.root)}\n".encode())
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
        object.__setattr__(self, "revision", f"sha256:{digest.hexdigest()}")


def find_code(address: str) -> CodeFolder:
    """Return the Python files that an address means.

    Raises:
        SeedError: there is no such folder, file or package, or it holds no Python file.
    """
    path = Path(address)
    if path.is_file() and path.suffix == ".py":
        return CodeFolder(path.name, path.parent, [path], None, importable=False, licence=None)
    if path.is_dir():
        package = path.name if (path / "__init__.py").is_file() else ""
        return _folder(path.resolve().name, path, package, importable=False, licence=None)
    if address == STANDARD_LIBRARY:
        root = Path(sysconfig.get_path("stdlib"))
        return _folder(f"python-{sys.version_info[0]}.{sys.version_info[1]}", root, "", True, _LIBRARY_LICENCE)
    # Not `find_spec` of importlib.util: some packages that are loaded already hide what they come from.
    found = PathFinder.find_spec(address) if address.isidentifier() else None
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise SeedError(
            f"{address}: no folder, .py file or installed Python package of this name; `{STANDARD_LIBRARY}` is the "
            "standard library"
        )
    library = address in sys.stdlib_module_names
    licence = _LIBRARY_LICENCE if library else _licence(address)
    origin = Path(found.origin)
    if not found.submodule_search_locations:
        return CodeFolder(address, origin.parent, [origin], "", importable=library, licence=licence)
    return _folder(address, origin.parent, address, library, licence)


def read_code(folder: CodeFolder, licence: str | None) -> Iterator[FoundSeed]:
    """Yield every function of the files; of a file that is no Python one rejected seed that says so."""
    for path in folder.files:
        place = path.relative_to(folder.root)
        common = {
            "source": folder.name,
            "upstream_revision": folder.revision,
            "licence": folder.licence or licence or "unknown",
        }
        size = path.stat().st_size
        if size > _LONGEST_FILE:
            evidence = f"{place}: {size:,} bytes, the limit is {_LONGEST_FILE:,}"
            yield FoundSeed(**common, upstream_id=str(place), reason=Reason.PROGRAM_TOO_LONG, evidence=evidence)
            continue
        try:
            with tokenize.open(path) as stream:  # honours the file's own encoding
                module = Module(stream.read(), _package_of(folder, place), importable=folder.importable)
            functions = list(module.functions())
        except (SyntaxError, ValueError, RecursionError) as error:
            evidence = f"{place}: {type(error).__name__}: {error}"
            yield FoundSeed(**common, upstream_id=str(place), reason=Reason.DOES_NOT_PARSE, evidence=evidence)
            continue
        for function in functions:
            yield _seed(function, place, common)


def _seed(function: FoundFunction, place: Path, common: dict[str, str]) -> FoundSeed:
    return FoundSeed(
        **common,
        upstream_id=f"{place}:{function.name}",
        code=function.program,
        own_code=function.own,
        entry_point=function.name,
        instruction=function.documentation,
        reason=function.reason,
        evidence=f"{place}: {function.name} {function.evidence}",
    )


def _folder(name: str, root: Path, package: str, importable: bool, licence: str | None) -> CodeFolder:
    files = sorted(
        path
        for path in root.rglob("*.py")
        if not any(part in _NEVER or part.startswith(".") for part in path.relative_to(root).parts[:-1])
    )
    if not files:
        raise SeedError(f"{root}: no Python file in it (folders {', '.join(sorted(_NEVER))} are left out)")
    return CodeFolder(name, root, files, package, importable, licence)


def _package_of(folder: CodeFolder, place: Path) -> str | None:
    if folder.package is None:
        return None
    return ".".join([*([folder.package] if folder.package else []), *place.parts[:-1]])


def _licence(package: str) -> str | None:
    """Return the licence that an installed package declares, None where it declares none."""
    for distribution in importlib.metadata.packages_distributions().get(package, []):
        metadata = importlib.metadata.metadata(distribution)
        for name in ("License-Expression", "License"):
            if name in metadata and metadata[name] and "\n" not in metadata[name]:
                return metadata[name]
    return None

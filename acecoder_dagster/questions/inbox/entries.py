"""Entries of the inbox: a file is an import of its own, a folder with an import.toml one import of several files."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.files import ImportFileError, Problems, is_hub_address, source_revision
from acecoder_dagster.questions.importing import ImportManifest

MANIFEST = "import.toml"
ENDINGS = (".parquet", ".jsonl", ".jsonl.gz", ".json")
SOURCE = "source "
"""Beginning of the place of an entry that is a configured source; its name follows."""
MANIFEST_BYTES = 1 << 20
"""Longest import.toml; one that names a thousand files is a tenth of it."""
_ELSEWHERE = "copy the file there, or name it under inbox.sources in the profile"
_FILE_FIELDS = ("questions", "generated_tests", "programs")


@dataclass(frozen=True)
class Entry:
    """Something that can be imported.

    `place` says where it lies: its name in the inbox, or `source NAME`. `version` changes whenever its files do.
    """

    place: str
    version: str


def inbox_entries(folder: Path, settle_seconds: float, now: float) -> list[Entry]:
    """Return what lies ready in the inbox, by name; without the folder there is nothing.

    A file, or a folder with an import.toml, is ready when it has not changed for `settle_seconds`. Hidden files and
    files with other endings are ignored.

    Args:
        folder: the inbox.
        settle_seconds: how long nothing may have changed.
        now: the time, in seconds since the epoch.
    """
    if not folder.is_dir():
        return []
    entries = []
    for path in sorted(folder.iterdir()):
        if not _is_entry(path):
            continue
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        states = [(str(file.relative_to(folder)), file.stat()) for file in files if file.is_file()]
        if all(now - state.st_mtime >= settle_seconds for _, state in states):
            entries.append(Entry(path.name, _version((name, s.st_size, s.st_mtime_ns) for name, s in states)))
    return entries


def source_entries(sources: Iterable[ImportManifest]) -> tuple[list[Entry], list[str]]:
    """Return the configured sources that can be reached, and what is wrong with the others.

    Files are hashed, hub data sets are asked for their newest commit.
    """
    entries: list[Entry] = []
    problems: list[str] = []
    for manifest in sources:
        try:
            revisions = [
                (name, address, source_revision(address))
                for name in _FILE_FIELDS
                for address in getattr(manifest, name)
            ]
        except ImportFileError as error:
            problems += [f"{SOURCE}{manifest.name}: {problem}" for problem in error.problems]
            continue
        entries.append(Entry(f"{SOURCE}{manifest.name}", _version([*revisions, manifest.model_dump_json()])))
    return entries, problems


def read_entry(folder: Path, sources: Iterable[ImportManifest], place: str) -> ImportManifest:
    """Return what is to be imported for an entry.

    A file's import is called as the file without its ending, in small letters, with `-` for what a name may not have.

    Whoever may write into the inbox may not have other files of this machine read: an entry lies in the inbox, what an
    import.toml names lies in its folder, and links lead nowhere else.

    Raises:
        ImportFileError: there is no such entry, it leads out of the inbox, its import.toml is wrong or names a file
            elsewhere, or another entry has the same import's name.
    """
    if place.startswith(SOURCE):
        name = place.removeprefix(SOURCE)
        for manifest in sources:
            if manifest.name == name:
                return manifest
        raise ImportFileError([f"{place}: no source of this name is configured; see inbox.sources in the profile"])
    path = folder / place
    if not path.exists():
        raise ImportFileError([f"{place}: it is no longer in the inbox {folder}; drop it there again"])
    if not _lies_in(folder, path):
        raise ImportFileError([f"{place}: it leads out of the inbox; {_ELSEWHERE}"])
    name = _import_name(path)
    twins = [other.name for other in sorted(folder.iterdir()) if other != path and _is_entry(other)]
    twins = [twin for twin in twins if _import_name(folder / twin) == name]
    if twins:
        raise ImportFileError([f"{place}: its import is called {name}, as is that of {twins[0]}; rename one of them"])
    if path.is_dir():
        return _read_manifest(path, name)
    return _validated({"name": name, "questions": (str(path),)}, place)


def _is_entry(path: Path) -> bool:
    is_file = path.name.endswith(ENDINGS) and path.is_file()
    return not path.name.startswith(".") and (is_file or (path / MANIFEST).is_file())


def _lies_in(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _import_name(path: Path) -> str:
    stem = path.name
    for ending in sorted(ENDINGS, key=len, reverse=True):
        stem = stem.removesuffix(ending)
    return re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-_") or "unnamed"


def _read_manifest(folder: Path, name: str) -> ImportManifest:
    path = folder / MANIFEST
    shown = f"{folder.name}/{MANIFEST}"
    if not _lies_in(folder, path):
        raise ImportFileError([f"{shown}: it leads out of its folder; {_ELSEWHERE}"])
    if path.stat().st_size > MANIFEST_BYTES:
        raise ImportFileError([f"{shown}: it has more than {MANIFEST_BYTES:,} bytes, the limit; shorten it"])
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ImportFileError([f"{shown}: not valid TOML: {error}"]) from error
    problems = Problems()
    for field in _FILE_FIELDS:
        if isinstance(named := values.get(field), list):
            values[field] = [_address(folder, each, f"{shown}, {field}", problems) for each in named]
    problems.raise_if_any()
    return _validated({"name": name, **values}, shown)


def _address(folder: Path, named: object, key: str, problems: Problems) -> object:
    """Return the path of a file that a manifest names; what is none is left to the manifest's own checks."""
    if not isinstance(named, str) or is_hub_address(named):
        return named
    path = folder / named
    if Path(named).is_absolute() or ".." in Path(named).parts or not _lies_in(folder, path):
        problems.add(key, f"{named!r} leads out of the folder; {_ELSEWHERE}")
    return str(path)


def _validated(values: dict[str, object], place: str) -> ImportManifest:
    try:
        return ImportManifest.model_validate(values)
    except ValidationError as error:
        problems = [f"{place}, {'.'.join(map(str, each['loc'])) or 'import'}: {each['msg']}" for each in error.errors()]
        raise ImportFileError(problems) from error


def _version(parts: Iterable[object]) -> str:
    return text_id(*(str(part) for part in parts))

"""The packages that programs may import in bubblewrap, where they run on an interpreter of this machine."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from acecoder_dagster.judge.launch.cache import cache_folder, one_process_at_a_time
from acecoder_dagster.judge.launch.packages import (
    DESCRIBE_INTERPRETER,
    Interpreter,
    contents,
    install_packages,
    read_interpreter,
)
from acecoder_dagster.judge.sets import SandboxSet
from acecoder_dagster.judge.types import SandboxUnavailableError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostPackages:
    """What programs see in bubblewrap.

    Attributes:
        python: the command of the interpreter.
        folder: the packages, in the user's cache.
        contents: names the interpreter and the versions of all packages.
        hidden: folders with packages of this machine, which programs must not see.
    """

    python: Path
    folder: Path
    contents: str
    hidden: list[str]


def install_host_packages(sandbox_set: SandboxSet) -> HostPackages:
    """Install the packages of a set if they are missing; several processes may call this at once.

    Args:
        sandbox_set: the set. A change of it, or of the interpreter, is another folder.

    Raises:
        SandboxUnavailableError: there is no interpreter for it, or the packages cannot be fetched or written; the
            message says why, and what to do.
    """
    python, interpreter = _find_interpreter(sandbox_set)
    described = hashlib.sha256(json.dumps(astuple(interpreter)).encode()).hexdigest()[:8]
    folder = cache_folder() / f"packages-{sandbox_set.name}-{sandbox_set.digest()}-{described}"
    if not folder.is_dir():
        with one_process_at_a_time(folder.name):
            if not folder.is_dir():
                _install(sandbox_set, python, interpreter, folder)
    return HostPackages(python, folder, contents(folder, interpreter), interpreter.other)


def _find_interpreter(sandbox_set: SandboxSet) -> tuple[Path, Interpreter]:
    for python in _interpreters(sandbox_set):
        described = subprocess.run([python, "-c", DESCRIBE_INTERPRETER], capture_output=True, text=True, check=False)
        if described.returncode == 0:
            interpreter = read_interpreter(described.stdout)
            if not sandbox_set.python or interpreter.version in sandbox_set.python:
                return python, interpreter
    versions = " or ".join(f"python{version}" for version in sandbox_set.python)
    raise SandboxUnavailableError(
        f"the set {sandbox_set.name} needs {versions}, which is not on this machine: install it, or set the launcher "
        "to docker"
    )


def _interpreters(sandbox_set: SandboxSet) -> Iterator[Path]:
    yield Path(sys._base_executable)  # type: ignore[attr-defined]  # outside of any virtual environment
    for version in sandbox_set.python:
        if command := shutil.which(f"python{version}"):
            yield Path(command).resolve()


def _install(sandbox_set: SandboxSet, python: Path, interpreter: Interpreter, folder: Path) -> None:
    _log.warning("installing the packages of the set %s into %s: some minutes, once", sandbox_set.name, folder)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unfinished-") as temporary:
            packages = Path(temporary) / "packages"
            install_packages(sandbox_set, interpreter, packages)
            compile_all = [str(python), "-m", "compileall", "-q", "-j", "0", str(packages)]
            subprocess.run(compile_all, capture_output=True, check=False)  # some carry files for other versions
            packages.rename(folder)
    except (OSError, SandboxUnavailableError) as error:
        raise SandboxUnavailableError(
            f"the packages of the set {sandbox_set.name} are not here and cannot be installed: {error}; run `acecoder "
            f"sandbox build --set {sandbox_set.name}` where pip reaches an index, or set sandbox.set to plain for "
            "programs that import nothing but the standard library"
        ) from error

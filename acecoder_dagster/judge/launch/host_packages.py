"""The packages that programs may import in bubblewrap, where they run on the interpreter of this machine."""

from __future__ import annotations

import hashlib
import logging
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from acecoder_dagster.judge.launch.cache import cache_folder, one_process_at_a_time
from acecoder_dagster.judge.launch.images import requirements_file
from acecoder_dagster.judge.launch.packages import DESCRIBE_INTERPRETER, install_packages, read_interpreter
from acecoder_dagster.judge.types import SandboxUnavailableError

INTERPRETER = Path(sys._base_executable)  # type: ignore[attr-defined]  # outside of any virtual environment

_log = logging.getLogger(__name__)


def host_packages() -> Path:
    """Return the folder for the packages; its name changes with the list of packages and with the interpreter.

    Returns:
        A folder in the user's cache. It is there once `install_host_packages` has been called.

    Raises:
        SandboxUnavailableError: this installation lacks the list of packages.
    """
    content = requirements_file().read_bytes() + f"{sys.version} {platform.machine()}".encode()
    return cache_folder() / f"packages-{hashlib.sha256(content).hexdigest()[:12]}"


def install_host_packages() -> Path:
    """Install the packages if they are missing; several processes may call this at once.

    Returns:
        Their folder.

    Raises:
        SandboxUnavailableError: they cannot be fetched or written; the message says why.
    """
    folder = host_packages()
    if folder.is_dir():
        return folder
    with one_process_at_a_time(folder.name):
        if not folder.is_dir():
            _log.warning("installing the packages that programs may import into %s: about a minute, once", folder)
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unfinished-") as temporary:
            packages = Path(temporary) / "packages"
            described = subprocess.run([INTERPRETER, "-c", DESCRIBE_INTERPRETER], capture_output=True, check=True)
            install_packages(requirements_file(), read_interpreter(described.stdout.decode()), packages)
            compile_all = [str(INTERPRETER), "-m", "compileall", "-q", "-j", "0", str(packages)]
            subprocess.run(compile_all, capture_output=True, check=True)
            packages.rename(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SandboxUnavailableError(f"cannot install packages into {folder}: {error}") from error

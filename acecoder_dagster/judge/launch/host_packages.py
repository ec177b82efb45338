"""The packages of the image, for programs that bubblewrap runs with the interpreter of this machine."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from acecoder_dagster.judge.launch.images import requirements_file
from acecoder_dagster.judge.launch.packages import DESCRIBE_INTERPRETER, install_packages, read_interpreter
from acecoder_dagster.judge.types import SandboxUnavailableError

INTERPRETER = Path(sys._base_executable)  # type: ignore[attr-defined]  # outside of any virtual environment


def host_packages() -> Path:
    """Name the folder of the packages: changed requirements, or another interpreter, are another folder.

    Returns:
        A folder in the user's cache; it is there once `install_host_packages` has been called.

    Raises:
        SandboxUnavailableError: the requirements are not part of this installation.
    """
    content = requirements_file().read_bytes() + f"{sys.version} {platform.machine()}".encode()
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - never fails
    return Path(cache) / "acecoder" / f"packages-{hashlib.sha256(content).hexdigest()[:12]}"


def install_host_packages() -> Path:
    """Install the packages, if they are not there.

    Returns:
        Their folder.

    Raises:
        SandboxUnavailableError: they cannot be had, or not be written; the message says why.
    """
    folder = host_packages()
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="unfinished-") as temporary:
            packages = Path(temporary) / "packages"
            described = subprocess.run([INTERPRETER, "-c", DESCRIBE_INTERPRETER], capture_output=True, check=True)
            install_packages(requirements_file(), read_interpreter(described.stdout.decode()), packages)
            subprocess.run([INTERPRETER, "-m", "compileall", "-q", packages], capture_output=True, check=True)
            packages.rename(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        if folder.is_dir():
            return folder  # another process was faster
        raise SandboxUnavailableError(f"cannot install packages into {folder}: {error}") from error
    return folder

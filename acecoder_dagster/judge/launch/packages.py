"""Installs the packages that programs may import, for an interpreter that need not be the one of this process."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from acecoder_dagster.judge.types import SandboxUnavailableError

# The interpreter that the packages are for runs this.
DESCRIBE_INTERPRETER = """
import json, platform, sys, sysconfig
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "machine": platform.machine(),
    "libc": platform.libc_ver()[1],
    "site_packages": sysconfig.get_path("purelib"),
}))
"""
OLDEST_LIBC = 17  # manylinux_2_17 is the oldest tag in use


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python interpreter that packages are installed for.

    Attributes:
        version: for example 3.12.
        machine: the family of its processor, for example x86_64.
        libc: the version of its GNU C library, for example 2.36.
        site_packages: where it looks for packages.
    """

    version: str
    machine: str
    libc: str
    site_packages: str


def read_interpreter(description: str) -> Interpreter:
    """Read what an interpreter printed for `DESCRIBE_INTERPRETER`.

    Args:
        description: its output.

    Returns:
        The interpreter.

    Raises:
        SandboxUnavailableError: the interpreter does not use the GNU C library.
    """
    interpreter = Interpreter(**json.loads(description))
    if not interpreter.libc:
        raise SandboxUnavailableError("its C library is not GNU's, as on Alpine: take a Debian, Ubuntu or Fedora image")
    return interpreter


def install_packages(requirements: Path, interpreter: Interpreter, folder: Path) -> None:
    """Install wheels for an interpreter, with the pip of this process.

    Nothing of them is executed. Their tests, a sixth of their size, are removed.

    Args:
        requirements: a requirements file that names every package with its version.
        interpreter: the interpreter that they are for.
        folder: where they are installed; it is made if it is missing.

    Raises:
        SandboxUnavailableError: there is no pip, or it cannot get them; the message carries pip's own words.
    """
    major, _, minor = interpreter.libc.partition(".")
    tags = [f"manylinux_{major}_{each}_{interpreter.machine}" for each in range(OLDEST_LIBC, int(minor) + 1)]
    platforms = [f"manylinux2014_{interpreter.machine}", *tags]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "--requirement"]
    command += [str(requirements), "--no-deps", "--no-compile", "--only-binary=:all:", "--implementation=cp"]
    command += [f"--python-version={interpreter.version}", *(f"--platform={platform}" for platform in platforms)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SandboxUnavailableError(
            f"pip cannot install {requirements} for Python {interpreter.version}: {done.stderr.strip()[-500:]}"
        )
    for tests in [path for path in folder.rglob("tests") if path.is_dir()]:
        shutil.rmtree(tests, ignore_errors=True)

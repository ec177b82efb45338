"""Commands run by a user who is not root, also where the tests are run by root."""

import os
import shlex
import shutil
import sys
from pathlib import Path

from acecoder_dagster.judge.launch.cache import cache_folder

ROOT = Path(__file__).parents[1]
USER = "54321"
"""A user and a group that own nothing."""


def as_ordinary_user(command: list[str], **environment: str) -> list[str]:
    """Return a command that runs another one by an ordinary user; needs unshare, where the tests are run by root.

    The user may read the interpreter, its environment, the project and the judge's packages, wherever they are: folders
    that root keeps to itself (`/root`, mostly) are replaced, for this command alone, by folders with nothing but these.

    Args:
        command: what to run.
        **environment: variables to set for it.
    """
    command = [_program("env"), *(f"{name}={value}" for name, value in environment.items()), *command]
    if os.getuid() != 0:
        return command
    shown = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT, cache_folder()}
    lines = ["set -e", "stash=$(mktemp -d)"]
    for closed in sorted({_closed_ancestor(path) for path in shown} - {None}):
        inside = sorted(path for path in shown if path.is_relative_to(closed) and path.exists())
        for number, path in enumerate(inside):
            lines.append(f"mkdir $stash/{number} && mount --bind {shlex.quote(str(path))} $stash/{number}")
        lines.append(f"mount -t tmpfs -o mode=755 none {shlex.quote(str(closed))}")
        for number, path in enumerate(inside):
            quoted = shlex.quote(str(path))
            lines.append(f"mkdir -p {quoted} && mount --bind $stash/{number} {quoted}")
    lines.append(f"exec {_program('setpriv')} --reuid={USER} --regid={USER} --clear-groups {shlex.join(command)}")
    return [_program("unshare"), "--mount", "sh", "-c", "\n".join(lines)]


def _closed_ancestor(path: Path) -> Path | None:
    """The outermost folder above a path that only its owner may enter."""
    return next((each for each in reversed(path.parents) if each.exists() and not each.stat().st_mode & 0o001), None)


def _program(name: str) -> str:
    """The path of a program, which stays right where PATH is changed."""
    path = shutil.which(name)
    assert path is not None, f"there is no command {name}"
    return path

"""What the judge keeps on this machine for its sandboxes, and how several processes share it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from acecoder_dagster.judge.types import SandboxUnavailableError


def cache_folder() -> Path:
    """Return the project's folder in the user's cache; it need not be there yet."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - never fails
    return Path(cache) / "acecoder"


@contextlib.contextmanager
def one_process_at_a_time(work: str) -> Iterator[None]:
    """Wait until no other process of this user does the same work, and keep the others waiting meanwhile.

    Args:
        work: a name of the work that can be part of a file name.

    Raises:
        SandboxUnavailableError: the cache cannot be written to.
    """
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{work}.lock")
        lock.acquire()
    except OSError as error:
        raise SandboxUnavailableError(
            f"cannot write to {folder}: {error}; let XDG_CACHE_HOME name a folder that can be written to"
        ) from error
    try:
        yield
    finally:
        lock.release()

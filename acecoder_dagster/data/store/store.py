"""What the package asks of the place in which a project is kept, and the folder of one machine that answers."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from acecoder_dagster.files import TEMPORARY, replace_json

OWN_FOLDER = "store"
"""In the local copy of an object store: its address, and what is known of the state in which the copy is."""

Waiting = Callable[[], object]
"""Called once, when another process holds what is asked for."""

FilesOf = Callable[[Path], Iterable[Path]]
"""Given a folder in which work goes on, returns those of its files from which the work could be continued now."""

UNFINISHED = (TEMPORARY, ".lock", "-wal", "-shm")
"""Endings of files that are nothing by themselves: half written, locks, and what SQLite keeps beside a database."""


def finished_files(path: Path) -> list[Path]:
    """Return the files of a folder that can be read as they are; a file itself, where the path is one."""
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    return [each for each in found if each.is_file() and not each.name.endswith(UNFINISHED)]


@dataclass(frozen=True)
class KeptFile:
    """A file that is kept: its path, its size, and when it was written, in seconds since the epoch."""

    path: Path
    bytes: int
    written: float


class Store(Protocol):
    """The place in which a project is kept. Paths are those of files in the project's folder on this machine."""

    shared: bool
    """Whether other machines work on the project too, so that something may be there which is not here."""

    address: str | None
    """Where other machines find the project; None for a folder of this machine."""

    def refresh(self) -> None:
        """Bring the pointers, and the files that they name, to their present state."""

    def commit(self, pointer: Path, value: Mapping[str, Any], files: Iterable[Path] = ()) -> None:
        """Make something current in one step: after a crash there is the old value or the new one.

        Args:
            pointer: the JSON file that says what is current.
            value: its new content.
            files: finished files that it names; they are kept before it is.

        Raises:
            StaleError: another process made something else current since this one looked.
        """

    def withdraw(self, pointer: Path) -> None:
        """Take a pointer away; what it named stays for those who read it."""

    def files(self, folder: Path) -> Iterator[KeptFile]:
        """Yield the files of a folder that are kept, at any depth, wherever they were made.

        Files of a folder that is saved as a whole may have other names than theirs.
        """

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove files and folders that no pointer names."""

    def hold(self, path: Path, waiting: Waiting) -> AbstractContextManager[None]:
        """Hold what a path stands for, so that no other process works on it. What a dead process held is free."""

    def hold_all(self, folder: Path, names: Collection[str], waiting: Waiting) -> AbstractContextManager[None]:
        """Hold some entries of a folder, thousands if need be."""

    def fetch(self, folder: Path) -> None:
        """Make a folder what was last saved of it; nothing where it never was."""

    def save(self, folder: Path, files: Iterable[Path]) -> None:
        """Save a folder as these files of it; what was saved before is replaced in one step.

        Raises:
            StaleError: another process saved it since this one looked.
        """

    def working(self, path: Path, waiting: Waiting, files: FilesOf = finished_files) -> AbstractContextManager[None]:
        """Go on in a folder, or with a file, where work on it ended on any machine; it is saved meanwhile.

        One machine at a time works on it.
        """


class LocalStore:
    """A folder of this machine. Locks end with their process; what is written is kept."""

    shared = False
    address: str | None = None

    def refresh(self) -> None:
        """Nothing is to be brought."""

    def commit(self, pointer: Path, value: Mapping[str, Any], files: Iterable[Path] = ()) -> None:
        """Replace the pointer; the files lie where they are to lie."""
        replace_json(pointer, value)

    def withdraw(self, pointer: Path) -> None:
        """Delete the pointer."""
        pointer.unlink(missing_ok=True)

    def files(self, folder: Path) -> Iterator[KeptFile]:
        """Yield the files of a folder."""
        for path in sorted(folder.rglob("*")):
            with suppress(FileNotFoundError):  # It is just being moved.
                state = path.stat()
                if path.is_file():
                    yield KeptFile(path, state.st_size, state.st_mtime)

    def remove(self, paths: Iterable[Path]) -> None:
        """Delete files and folders."""
        for path in paths:
            delete(path)

    @contextmanager
    def hold(self, path: Path, waiting: Waiting) -> Iterator[None]:
        """Hold the lock file beside a path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{path}.lock")
        try:
            held = lock.acquire(blocking=False)
        except Timeout:
            waiting()
            held = lock.acquire()
        with held:
            yield

    @contextmanager
    def hold_all(self, folder: Path, names: Collection[str], waiting: Waiting) -> Iterator[None]:
        """Hold some bytes of one lock file. They do not stop the process that holds them."""
        folder.mkdir(parents=True, exist_ok=True)
        # One byte of one file stands for each name: filelock would need a file for each, which may be thousands of
        # open files. All take them in the same order, so that no two wait for each other.
        places = sorted({int.from_bytes(hashlib.sha256(name.encode()).digest()[:6]) for name in names})
        was_told = False
        with (folder / "writing.lock").open("w") as lock:
            for place in places:
                try:
                    fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
                except OSError:
                    if not was_told:
                        waiting()
                    was_told = True
                    fcntl.lockf(lock, fcntl.LOCK_EX, 1, place)
            yield

    def fetch(self, folder: Path) -> None:
        """Nothing is to be brought."""

    def save(self, folder: Path, files: Iterable[Path]) -> None:
        """Files are kept as soon as they are written."""

    def working(self, path: Path, waiting: Waiting, files: FilesOf = finished_files) -> AbstractContextManager[None]:
        """Work that ended is found where it was written."""
        return nullcontext()


def delete(path: Path) -> None:
    """Delete a file or a folder; nothing where it is not there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

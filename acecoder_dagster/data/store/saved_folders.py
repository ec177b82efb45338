"""Folders that are saved as a whole: trainings with their checkpoints, parts of samples, verdicts that are kept.

The files are objects named by their content. One object names those of the folder: it is swapped when all are there, so
that a folder is as it was saved once, or as it was saved another time.
"""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable
from contextlib import closing
from pathlib import Path

from acecoder_dagster.data.store.bucket import Bucket, ConditionError, Version, together
from acecoder_dagster.data.store.errors import StaleError, StoreError
from acecoder_dagster.data.store.store import OWN_FOLDER
from acecoder_dagster.files import read_json, replace_json

FOLDERS, OBJECTS = "folders/", "objects/"

READ_AT_ONCE = 16_000_000
"""Bytes up to which a file is read once, to be named and sent: it may be written to meanwhile, as a log is."""

SQLITE = b"SQLite format 3\0"
"""How an SQLite database begins."""

LOGS_OF_DATABASES = ("-wal", "-shm")

ATTEMPTS = 5
"""How often a folder is fetched that is saved anew meanwhile."""


class InUseError(Exception):
    """A file is being written, and cannot be saved as it is."""


class SavedFolders:
    """The saved folders of a store, by their paths in the local copy.

    Args:
        bucket: the objects.
        root: the local copy.
    """

    def __init__(self, bucket: Bucket, root: Path) -> None:
        self._bucket, self._root = bucket, root
        self._digests: dict[Path, tuple[tuple[int, int], str]] = {}

    def fetch(self, key: str) -> None:
        """Make a folder what was last saved of it; nothing where it never was.

        Raises:
            StoreError: objects of it are missing.
        """
        folder = self._root / key
        for _ in range(ATTEMPTS):
            found = self._bucket.read(FOLDERS + key)
            if found is None:
                return
            files = json.loads(found[0])
            missing = [(name, digest) for name, digest in files.items() if not self._is(folder / name, digest)]
            try:
                together(lambda each: self._bucket.bring(_object(key, each[1]), folder / each[0]), missing)
            except FileNotFoundError:
                continue  # It was saved anew, and what only the version before had is deleted.
            _remove_others(folder, files)
            self._mark(key, found[1])
            return
        raise StoreError(f"{self._bucket.address}: objects of {key} are missing: put them back from a backup")

    def save(self, key: str, files: Iterable[Path]) -> None:
        """Save a folder as these files of it.

        Raises:
            FileNotFoundError: a file went while the folder was saved, which stays as it was saved before.
            InUseError: likewise, a file was written to or is locked.
            StaleError: the folder was saved by another process since it was fetched or saved here.
        """
        found = self._bucket.read(FOLDERS + key)
        before = {} if found is None else json.loads(found[0])
        if found is not None and not self._is_marked(key, found[1]):
            raise StaleError(f"{self._bucket.address}: another process saved {key} meanwhile, and what it saved stays")
        folder, known = self._root / key, frozenset(before.values())
        paths = list(files)
        digests = together(lambda path: self._send(key, path, known), paths)
        now = {path.relative_to(folder).as_posix(): digest for path, digest in zip(paths, digests, strict=True)}
        if found is not None and now == before:
            return
        try:
            told = json.dumps(now, sort_keys=True).encode()
            version = self._bucket.put(FOLDERS + key, told, replaces=found[1] if found else None)
        except ConditionError as error:
            raise StaleError(f"{self._bucket.address}: another process saved {key} meanwhile") from error
        self._mark(key, version)
        self._bucket.delete(_object(key, digest) for digest in known - set(now.values()))

    def remove(self, key: str) -> None:
        """Remove what was saved of a folder."""
        self._bucket.delete([FOLDERS + key])
        self._bucket.delete(each.key for each in self._bucket.list(f"{OBJECTS}{key}/"))
        self._mark_of(key).unlink(missing_ok=True)

    def was_saved_here_last(self, key: str) -> bool:
        """Return whether a folder is here, and nobody else saved it since it was saved or fetched here."""
        path = self._root / key
        if not (path.is_file() or (path.is_dir() and any(path.iterdir()))):
            return False
        found = self._bucket.read(FOLDERS + key)
        return found is not None and self._is_marked(key, found[1])

    def _send(self, key: str, path: Path, known: Collection[str]) -> str:
        """Send a file that is not among the known ones, and return its digest."""
        state = _state(path)
        seen = self._digests.get(path)
        if seen is not None and seen[0] == state and seen[1] in known and not _is_database(path):
            return seen[1]
        content: Path | bytes
        if _is_database(path):
            content = _database_now(path)
            digest = hashlib.sha256(content).hexdigest()
        elif state[0] <= READ_AT_ONCE:
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
        else:
            content, digest = path, _digest(path)
        if digest not in known:
            self._bucket.send(content, _object(key, digest))
        if isinstance(content, Path) and _state(path) != state:
            raise InUseError(f"{path} was written to while it was sent")
        self._digests[path] = state, digest
        return digest

    def _is(self, path: Path, digest: str) -> bool:
        return path.is_file() and _digest(path) == digest

    def _mark(self, key: str, version: Version) -> None:
        """Remember the version of a folder that is here."""
        file = self._mark_of(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_json(file, {"tag": version.tag, "generation": version.generation})

    def _is_marked(self, key: str, version: Version) -> bool:
        return read_json(self._mark_of(key)) == {"tag": version.tag, "generation": version.generation}

    def _mark_of(self, key: str) -> Path:
        return self._root / OWN_FOLDER / FOLDERS / f"{key}.json"


def _remove_others(folder: Path, files: Collection[str]) -> None:
    """Remove what does not belong to a fetched folder or file: the log of a killed process would spoil a database."""
    others = [path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in files]
    for path in [*others, *(Path(f"{folder}{ending}") for ending in LOGS_OF_DATABASES)]:
        path.unlink(missing_ok=True)


def _object(key: str, digest: str) -> str:
    return f"{OBJECTS}{key}/{digest}"


def _is_database(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(SQLITE)) == SQLITE


def _database_now(path: Path) -> bytes:
    """Return an SQLite database as it is at one moment, with what is only in its log yet."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=0)) as database:
            return database.serialize()
    except sqlite3.OperationalError as error:
        raise InUseError(f"{path}: {error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _state(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns

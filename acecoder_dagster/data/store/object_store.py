"""A project in an object store, with a local copy in which all reading is done.

What the store holds, by the beginning of the keys:

- `pointers/PATH`: what is current: the content of the JSON file PATH of the local copy, and which files it names.
- `objects/PATH`: a file that never changes.
- `folders/PATH`: which objects are the files of a folder that is saved as a whole, as a training's.
- `leases/`, `holders/`: who works on what (see `leases`).

Files are sent before the pointer that names them is swapped, and brought before it is written here. So a process that
is killed at any moment leaves the old state or the new one, in the store and in every local copy.
"""

import json
import logging
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from acecoder_dagster.data.store.bucket import Bucket, ConditionError, Version, together
from acecoder_dagster.data.store.errors import StaleError, StoreError
from acecoder_dagster.data.store.leases import Leases
from acecoder_dagster.data.store.saved_folders import InUseError, SavedFolders
from acecoder_dagster.data.store.store import OWN_FOLDER, FilesOf, KeptFile, LocalStore, Waiting, delete, finished_files
from acecoder_dagster.files import read_json, replace_json

POINTERS, OBJECTS = "pointers/", "objects/"

SAVE_SECONDS = 10.0
"""Time between two savings of a folder in which work goes on: what a lost machine costs at most."""

_log = logging.getLogger(__name__)


class ObjectStore:
    """A project in an object store.

    Args:
        address: address of the store.
        root: the local copy.
    """

    shared = True

    def __init__(self, address: str, root: Path) -> None:
        self.address: str | None = address
        self._root = root
        self._here = LocalStore()
        self._bucket = Bucket(address)
        self._leases = Leases(self._bucket)
        self._folders = SavedFolders(self._bucket, root)
        self._seen_file = root / OWN_FOLDER / "seen.json"
        self._versions: dict[str, Version] | None = None
        """The version of each pointer when this process looked at it last."""
        self._when_held: dict[str, dict[str, Version]] = {}
        """By the folder of what is held: the versions when it was taken."""

    def refresh(self) -> None:
        """Bring pointers that changed, and the files that they name."""
        with self._changing_pointers():
            listed = {each.key.removeprefix(POINTERS): each.version for each in self._bucket.list(POINTERS)}
            seen = self._seen()
            changed = [key for key, version in listed.items() if seen.get(key) != _told(version)]
            gone = seen.keys() - listed.keys()
            for key in [*changed, *gone]:
                self._bring(key, seen)
            if changed or gone:
                replace_json(self._seen_file, seen)
            self._versions = listed

    def commit(self, pointer: Path, value: Mapping[str, Any], files: Iterable[Path] = ()) -> None:
        """Send the files, then swap the pointer; see `Store.commit`."""
        named = [self._key(file) for file in files]
        together(lambda key: self._bucket.send(self._root / key, OBJECTS + key), named)
        key = self._key(pointer)
        told = json.dumps({"files": named, "value": value}, sort_keys=True).encode()
        try:
            version = self._bucket.put(POINTERS + key, told, replaces=self._version_to_replace(key))
        except ConditionError:
            version = self._version_of_the_same(key, value)
        for versions in self._known(key):
            versions[key] = version
        self._bring_now(key)

    def withdraw(self, pointer: Path) -> None:
        """Delete the pointer, in the store first."""
        key = self._key(pointer)
        self._bucket.delete([POINTERS + key])
        for versions in self._known(key):
            versions.pop(key, None)
        self._bring_now(key)

    def files(self, folder: Path) -> Iterator[KeptFile]:
        """Yield the objects below a folder; those of a saved folder are named by their content."""
        for each in self._bucket.list(f"{OBJECTS}{self._key(folder)}/"):
            yield KeptFile(self._root / each.key.removeprefix(OBJECTS), each.bytes, each.modified.timestamp())

    def remove(self, paths: Iterable[Path]) -> None:
        """Remove files and folders here and in the store."""
        for path in paths:
            key = self._key(path)
            self._folders.remove(key)
            self._bucket.delete([OBJECTS + key])
            delete(path)

    @contextmanager
    def hold(self, path: Path, waiting: Waiting) -> Iterator[None]:
        """Hold the lock of this machine, for whatever lies here, and the lease of a path."""
        with self._here.hold(path, waiting), self._held([self._key(path)], waiting):
            yield

    @contextmanager
    def hold_all(self, folder: Path, names: Collection[str], waiting: Waiting) -> Iterator[None]:
        """Hold the locks of this machine and the leases of entries of a folder."""
        leases = [f"{self._key(folder)}/{name}" for name in names]
        with self._here.hold_all(folder, names, waiting), self._held(leases, waiting):
            yield

    def is_held(self, path: Path) -> bool:
        """Return whether a living process, on whatever machine, holds a path."""
        return self._leases.is_held(self._key(path))

    def fetch(self, folder: Path) -> None:
        """Make a folder what was last saved of it."""
        self._folders.fetch(self._key(folder))

    def save(self, folder: Path, files: Iterable[Path]) -> None:
        """Save a folder as these files of it."""
        self._folders.save(self._key(folder), files)

    @contextmanager
    def working(self, path: Path, waiting: Waiting, files: FilesOf = finished_files) -> Iterator[None]:
        """Fetch a folder, unless work went on here since it was saved, and save it now and then and at the end."""
        key = self._key(path)
        with self._leases.held([key], waiting):
            if not self._folders.was_saved_here_last(key):
                self._folders.fetch(key)
            ended = threading.Event()
            saving = threading.Thread(target=self._keep_saving, args=(path, files, ended), name="saving", daemon=True)
            saving.start()
            try:
                yield
            finally:
                ended.set()
                saving.join()
                self._try_to_save(path, files)

    def _keep_saving(self, path: Path, files: FilesOf, ended: threading.Event) -> None:
        while not ended.wait(SAVE_SECONDS):
            self._try_to_save(path, files)

    def _try_to_save(self, path: Path, files: FilesOf) -> None:
        try:
            self._folders.save(self._key(path), files(path))
        except (FileNotFoundError, InUseError) as error:
            _log.info("%s is saved later: %s", path, error)
        except StoreError:
            _log.warning("%s could not be saved; the work goes on, and it is tried again", path, exc_info=True)

    @contextmanager
    def _held(self, keys: Collection[str], waiting: Waiting) -> Iterator[None]:
        folders = {key.rpartition("/")[0] for key in keys}
        with self._leases.held(keys, waiting):
            # What the holder before made, and from what this one begins.
            self.refresh()
            assert self._versions is not None
            for folder in folders:
                begun = {key: version for key, version in self._versions.items() if key.startswith(f"{folder}/")}
                self._when_held[folder] = begun
            try:
                yield
            finally:
                for folder in folders:
                    self._when_held.pop(folder, None)

    def _version_to_replace(self, key: str) -> Version | None:
        """Return the version from which a change of a pointer began; None where there was none."""
        if self._versions is None:
            self.refresh()
        return self._known(key)[0].get(key)

    def _known(self, key: str) -> list[dict[str, Version]]:
        """Return what is known of versions that a pointer is among: as it was when it was held first, then as it is."""
        begun = [versions for folder, versions in self._when_held.items() if key.startswith(f"{folder}/")]
        return begun if self._versions is None else [*begun, self._versions]

    def _version_of_the_same(self, key: str, value: Mapping[str, Any]) -> Version:
        """Return the version of a pointer that another process made the same as this one wanted to.

        It is the same, too, where the answer to a swap was lost that worked.

        Raises:
            StaleError: it is something else.
        """
        found = self._bucket.read(POINTERS + key)
        there = {} if found is None else json.loads(found[0])["value"]
        made_from = value.get("content_key")
        same = there == json.loads(json.dumps(value)) or (made_from and there.get("content_key") == made_from)
        if found is None or not same:
            raise StaleError(
                f"{self._bucket.address}: another process changed {key} meanwhile, and what it made stays: run the "
                "same command again"
            )
        return found[1]

    def _bring_now(self, key: str) -> None:
        with self._changing_pointers():
            seen = self._seen()
            self._bring(key, seen)
            replace_json(self._seen_file, seen)

    def _bring(self, key: str, seen: dict[str, list[str | None]]) -> None:
        """Bring a pointer with the files that it names; to be called while pointers are held."""
        found = self._bucket.read(POINTERS + key)
        if found is None:
            (self._root / key).unlink(missing_ok=True)
            seen.pop(key, None)
            return
        told, version = json.loads(found[0]), found[1]
        missing = [each for each in told["files"] if not (self._root / each).exists()]
        together(lambda each: self._bucket.bring(OBJECTS + each, self._root / each), missing)
        (self._root / key).parent.mkdir(parents=True, exist_ok=True)
        replace_json(self._root / key, told["value"])
        seen[key] = _told(version)

    @contextmanager
    def _changing_pointers(self) -> Iterator[None]:
        """Let one process of this machine at a time change the pointers of the local copy.

        What it writes is read from the store while it holds them, so that none is replaced by an older one.
        """
        with FileLock(self._root / OWN_FOLDER / "pointers.lock"):
            yield

    def _seen(self) -> dict[str, list[str | None]]:
        """Return the version of each pointer of the local copy."""
        return read_json(self._seen_file) or {}

    def _key(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def _told(version: Version) -> list[str | None]:
    return [version.tag, version.generation]

"""Addresses of object stores, and the folders of this machine in which their projects are worked on."""

import hashlib
import os
import re
from functools import cache
from pathlib import Path

from acecoder_dagster.data.store.errors import StoreError
from acecoder_dagster.data.store.store import OWN_FOLDER, LocalStore, Store
from acecoder_dagster.files import read_json, replace_json

SCHEMES = ("s3", "gs", "az")
"""Kinds of stores that swap an object on a condition."""

CACHE_VARIABLE = "ACECODER_CACHE"

ADDRESS_FILE = "address.json"

_ADDRESS = re.compile(r"(\w+)://(.*)")


def is_address(place: str) -> bool:
    """Return whether a place is the address of an object store, and no folder.

    Raises:
        StoreError: it is an address of a kind that cannot hold a project.
    """
    address = _ADDRESS.fullmatch(place)
    if address is None:
        return False
    scheme, rest = address.groups()
    if scheme not in SCHEMES:
        advice = f"give the folder itself: {rest}" if scheme == "file" else f"use {', '.join(SCHEMES)} or a folder"
        raise StoreError(f"{place}: a project cannot be kept in {scheme}://; {advice}")
    if not rest.strip("/"):
        raise StoreError(f"{place} names no bucket: give {scheme}://BUCKET/PREFIX")
    return True


def local_copy(address: str) -> Path:
    """Return the folder of this machine for the project of an object store; it is made where it is missing.

    It lies in the folder that ACECODER_CACHE names, or in the user's cache.
    """
    address = address.rstrip("/")
    name = f"{re.sub(r'[^a-zA-Z0-9]+', '-', address)}-{hashlib.sha256(address.encode()).hexdigest()[:8]}"
    folder = _cache_folder() / name
    file = folder / OWN_FOLDER / ADDRESS_FILE
    if not file.is_file():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            replace_json(file, {"address": address})
        except OSError as error:
            raise StoreError(
                f"cannot write to {folder}: {error}; let {CACHE_VARIABLE} name a folder that can be written to"
            ) from error
    return folder.resolve()


def store_of(folder: Path) -> Store:
    """Return where the project is kept that is worked on in a folder of this machine.

    Raises:
        StoreError: in an object store, and this installation or environment cannot reach any of its kind.
    """
    stored = read_json(folder / OWN_FOLDER / ADDRESS_FILE)
    return LocalStore() if stored is None else _object_store(stored["address"], folder)


@cache
def _object_store(address: str, folder: Path) -> Store:
    # Not above: what it needs is an extra.
    from acecoder_dagster.data.store.object_store import ObjectStore

    return ObjectStore(address, folder)


# A forked process is another holder of leases, and has none of its parent's threads.
os.register_at_fork(after_in_child=_object_store.cache_clear)


def _cache_folder() -> Path:
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    cache_home = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache_home) if cache_home else Path.home() / ".cache") / "acecoder" / "projects"

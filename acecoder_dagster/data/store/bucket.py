"""The objects of a store, through obstore: read, created, swapped on a condition, listed, deleted.

Credentials, region and endpoint come from the environment, by the names that the store's own tools use.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from acecoder_dagster.data.store.errors import StoreError
from acecoder_dagster.files import replace_file

try:
    import obstore
    from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
    from obstore.store import from_url
except ImportError as missing:
    raise StoreError(
        "a project in an object store needs obstore, which is not installed: pip install 'acecoder-dagster[store]'"
    ) from missing

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode, PutResult, UpdateVersion

Item = TypeVar("Item")
Made = TypeVar("Made")

AT_ONCE = 8
"""Objects that are sent or brought together."""

DELETED_TOGETHER = 1000


@dataclass(frozen=True)
class Version:
    """What an object was when it was seen: its tag, and its generation where the store counts them."""

    tag: str | None
    generation: str | None = None

    def as_condition(self) -> "UpdateVersion":
        """Return what obstore wants to be told of an object that is to be replaced."""
        condition: UpdateVersion = {}
        if self.tag is not None:
            condition["e_tag"] = self.tag
        if self.generation is not None:
            condition["version"] = self.generation
        return condition


@dataclass(frozen=True)
class Listed:
    """An object of a listing; `modified` is by the store's clock."""

    key: str
    version: Version
    bytes: int
    modified: datetime


class ConditionError(Exception):
    """An object is not what it has to be for a change; nothing was changed."""


class Bucket:
    """The objects below an address, by their keys."""

    def __init__(self, address: str) -> None:
        self.address = address
        try:
            self._client = from_url(address)
        except BaseError as error:
            raise StoreError(f"{address}: {error}") from error

    def read(self, key: str) -> tuple[bytes, Version] | None:
        """Return what an object holds, and its version; None where there is none."""
        try:
            found = obstore.get(self._client, key)
            return bytes(found.bytes()), _version(found.meta)
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise self._unreachable(error) from error

    def put(self, key: str, data: bytes, replaces: Version | None) -> Version:
        """Write an object that must still be in a version, or must not be there.

        Raises:
            ConditionError: it is in another version, or there.
        """
        condition: PutMode = "create" if replaces is None else replaces.as_condition()
        try:
            written = obstore.put(self._client, key, data, mode=condition, use_multipart=False)
        except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
            raise ConditionError(key) from error
        except BaseError as error:
            raise self._unreachable(error) from error
        return _version(written)

    def touch(self, key: str, data: bytes) -> datetime:
        """Write an object whatever was there, and return when, by the store's clock."""
        try:
            obstore.put(self._client, key, data)
            return obstore.head(self._client, key)["last_modified"]
        except BaseError as error:
            raise self._unreachable(error) from error

    def touched(self, key: str) -> datetime | None:
        """Return when an object was written last, by the store's clock; None where there is none."""
        try:
            return obstore.head(self._client, key)["last_modified"]
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise self._unreachable(error) from error

    def send(self, content: Path | bytes, key: str) -> None:
        """Write an object whatever was there: keys of what is sent stand for one content for ever."""
        try:
            obstore.put(self._client, key, content)
        except BaseError as error:
            raise self._unreachable(error) from error

    def bring(self, key: str, file: Path) -> None:
        """Write an object as a file, in one step.

        Raises:
            FileNotFoundError: there is no such object.
        """

        def write(path: Path) -> None:
            with path.open("wb") as stream:
                for part in obstore.get(self._client, key):
                    stream.write(part)

        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            replace_file(file, write)
        except BaseError as error:
            raise self._unreachable(error) from error

    def list(self, prefix: str) -> Iterator[Listed]:
        """Yield the objects below a prefix."""
        try:
            for some in obstore.list(self._client, prefix=prefix):
                for each in some:
                    yield Listed(each["path"], _version(each), each["size"], each["last_modified"])
        except BaseError as error:
            raise self._unreachable(error) from error

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there are no error."""
        there = sorted(keys)
        for start in range(0, len(there), DELETED_TOGETHER):
            try:
                obstore.delete(self._client, there[start : start + DELETED_TOGETHER])
            except FileNotFoundError:
                continue
            except BaseError as error:
                raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> StoreError:
        reason = str(error).split("\n", 1)[0]
        return StoreError(f"{self.address} cannot be used: {reason}")


def together(do: Callable[[Item], Made], items: Iterable[Item]) -> list[Made]:
    """Do the same with several items at a time and return what came of each, in their order."""
    todo = list(items)
    if len(todo) < 2:
        return [do(item) for item in todo]
    with ThreadPoolExecutor(min(AT_ONCE, len(todo)), thread_name_prefix="objects") as pool:
        return list(pool.map(do, todo))


def _version(meta: "PutResult | ObjectMeta") -> Version:
    return Version(meta["e_tag"], meta["version"])

"""How fast single things are that a project asks of its store."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from acecoder_dagster.data.home import HOME_VARIABLE, Home
from acecoder_dagster.data.store import StoreError
from acecoder_dagster.data.store.address import CACHE_VARIABLE
from acecoder_dagster.data.store.bucket import Bucket, ConditionError
from benchmarks.object_store.servers import Server

BUCKET = "requests"
TIMES = 100
MEGABYTES = 64


def measured_requests(server: Server, folder: Path) -> list[tuple[str, str, str]]:
    """Return server, what was done, and how fast it was."""
    folder.mkdir()
    server.make_bucket(BUCKET)
    environment = {**server.environment, HOME_VARIABLE: f"s3://{BUCKET}/project", CACHE_VARIABLE: str(folder)}
    with mock.patch.dict(os.environ, environment):
        found = [("writes that must find nothing are refused where there is something", _refuses())]
        if found[0][1] == "yes":
            found += _of_project(Home.from_environment().refreshed())
        found += _of_bytes(folder)
    return [(server.name, what, measured) for what, measured in found]


def _refuses() -> str:
    bucket = Bucket(f"s3://{BUCKET}/conditions")
    try:
        version = bucket.put("object", b"1", replaces=None)
        bucket.put("object", b"2", replaces=version)
    except (StoreError, ConditionError) as error:
        return f"no: {error}"
    for stale in (None, version):
        try:
            bucket.put("object", b"3", replaces=stale)
        except ConditionError:
            continue
        return "no: it writes all the same"
    return "yes"


def _of_project(home: Home) -> list[tuple[str, str]]:
    store, pointers = home.store, [home.root / "measured" / f"{number}.json" for number in range(TIMES)]
    committed = _each(lambda number: store.commit(pointers[number], {"number": number}))
    held = _each(lambda number: _hold(home, number))
    refreshed = _each(lambda _: store.refresh())
    return [
        ("make something current, without files", committed),
        ("take and free a lease, with the look for news between", held),
        (f"look for news among {TIMES} pointers", refreshed),
    ]


def _hold(home: Home, number: int) -> None:
    with home.store.hold(home.root / "held" / f"{number}", lambda: None):
        pass


def _of_bytes(folder: Path) -> list[tuple[str, str]]:
    bucket, file = Bucket(f"s3://{BUCKET}/bytes"), folder / "file"
    file.write_bytes(os.urandom(MEGABYTES * 1_000_000))
    sent = _seconds(lambda: bucket.send(file, "file"))
    brought = _seconds(lambda: bucket.bring("file", folder / "brought"))
    small = _each(lambda number: bucket.send(b"x" * 1000, f"small-{number}"))
    return [
        (f"send a file of {MEGABYTES} MB", f"{MEGABYTES / sent:.0f} MB/s"),
        (f"bring a file of {MEGABYTES} MB", f"{MEGABYTES / brought:.0f} MB/s"),
        ("send 1 kB", small),
    ]


def _each(do: Callable[[int], object]) -> str:
    seconds = _seconds(lambda: [do(number) for number in range(TIMES)])
    return f"{seconds / TIMES * 1000:.1f} ms"


def _seconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started

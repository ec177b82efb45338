"""Locks in an object store, which a dead holder does not keep.

A lease is an object that names its holder. A holder is a process; while it holds anything, it writes an object of its
own every few seconds. Whoever wants a lease that another holds takes it once the other has not written for
`EXPIRES_SECONDS`. Both moments are by the store's clock, so that clocks of machines do not matter.

A holder that was only stopped for a while may go on after its lease was taken. It does no harm: nothing becomes current
that was begun from an older state (see `ObjectStore.commit`).
"""

import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from acecoder_dagster.data.store.bucket import Bucket, ConditionError, Version
from acecoder_dagster.data.store.errors import StoreError
from acecoder_dagster.data.store.store import Waiting

LEASES, HOLDERS = "leases/", "holders/"

EXPIRES_SECONDS = 30.0
"""Silence after which a holder counts as dead. Longer than any pause of a living one should be."""

BEAT_SECONDS = 5.0
"""Time between two signs of life: several may be lost."""

ASK_SECONDS = 1.0
"""Time between two looks at a lease that is waited for."""

FREE = b"{}"

_log = logging.getLogger(__name__)


class Leases:
    """The leases of this process in a store."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._id = uuid.uuid4().hex
        self._place = {"holder": self._id, "host": socket.gethostname(), "process": os.getpid()}
        self._held = 0
        self._beating = threading.Lock()
        self._idle = threading.Event()

    @contextmanager
    def held(self, names: Iterable[str], waiting: Waiting) -> Iterator[None]:
        """Hold the leases of some names, taken in order, so that no two processes wait for each other.

        Args:
            names: keys below `LEASES`.
            waiting: called once, when another process holds one of them.
        """
        with self._alive():
            taken: dict[str, Version] = {}
            told = False

            def tell() -> None:
                nonlocal told
                if not told:
                    waiting()
                told = True

            try:
                for name in sorted(set(names)):
                    taken[name] = self._take(LEASES + name, tell)
                yield
            finally:
                for name, version in taken.items():
                    self._free(LEASES + name, version)

    def is_held(self, name: str) -> bool:
        """Return whether a living process holds a name."""
        found = self._bucket.read(LEASES + name)
        holder = None if found is None else json.loads(found[0]).get("holder")
        return holder is not None and self._is_alive(holder)

    def _take(self, key: str, waiting: Waiting) -> Version:
        mine = json.dumps(self._place | {"lease": uuid.uuid4().hex}).encode()
        while True:
            found = self._bucket.read(key)
            try:
                if found is None:
                    return self._bucket.put(key, mine, replaces=None)
                if found[0] == mine or self._is_free(found[0]):
                    return self._bucket.put(key, mine, replaces=found[1])
            except ConditionError:
                continue  # Another was faster, or the answer to a request that worked was lost.
            waiting()
            time.sleep(ASK_SECONDS)

    def _free(self, key: str, version: Version) -> None:
        try:
            self._bucket.put(key, FREE, replaces=version)
        except ConditionError:
            _log.warning("The lease %s was taken by another process, for which this one was silent too long", key)
        except StoreError:
            _log.warning("The lease %s could not be freed; it expires", key, exc_info=True)

    def _is_free(self, lease: bytes) -> bool:
        holder = json.loads(lease).get("holder")
        if holder is None:
            return True
        if holder == self._id:
            return False
        if self._is_alive(holder):
            return False
        self._bucket.delete([HOLDERS + holder])
        return True

    def _is_alive(self, holder: str) -> bool:
        last = self._bucket.touched(HOLDERS + holder)
        return last is not None and self._beat() - last <= timedelta(seconds=EXPIRES_SECONDS)

    @contextmanager
    def _alive(self) -> Iterator[None]:
        """Give signs of life while anything is held."""
        with self._beating:
            self._held += 1
            if self._held == 1:
                self._beat()
                self._idle = threading.Event()
                threading.Thread(target=self._keep_beating, args=(self._idle,), name="leases", daemon=True).start()
        try:
            yield
        finally:
            with self._beating:
                self._held -= 1
                if self._held == 0:
                    self._idle.set()
                    self._end()

    def _keep_beating(self, idle: threading.Event) -> None:
        while not idle.wait(BEAT_SECONDS):
            try:
                self._beat()
            except StoreError:
                _log.warning("No sign of life could be given; leases expire after %s s", EXPIRES_SECONDS, exc_info=True)

    def _beat(self) -> datetime:
        return self._bucket.touch(HOLDERS + self._id, json.dumps(self._place | {"beat": time.time()}).encode())

    def _end(self) -> None:
        try:
            self._bucket.delete([HOLDERS + self._id])
        except StoreError:
            _log.warning("The sign of life could not be removed", exc_info=True)

"""Messages between a test's process and a program's process: a length, and one JSON object.

Nothing in a message is executed, unpickled or evaluated.
"""

from __future__ import annotations

import json
import os
from typing import Any

from acecoder_dagster.judge.guest.encoding import ValueTooLargeError

MAX_MESSAGE_BYTES = 4 << 20


class EndedError(BaseException):
    """The other process is gone."""


class TamperedError(BaseException):
    """The other process sent what is not a message."""


def write_message(descriptor: int, message: dict[str, Any]) -> None:
    """Send a message.

    Raises:
        ValueTooLargeError: it is longer than the other side would read.
        EndedError: nobody reads any more.
    """
    data = json.dumps(message, check_circular=False, separators=(",", ":")).encode("ascii")
    if len(data) > MAX_MESSAGE_BYTES:
        raise ValueTooLargeError(f"a message of {len(data)} bytes")
    view = memoryview(len(data).to_bytes(4, "big") + data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError as error:
        raise EndedError from error


def read_message(descriptor: int) -> Any:
    """Wait for a message, and return whatever JSON the other side sent.

    Raises:
        TamperedError: it is not JSON, or too long.
        EndedError: there will be none.
    """
    size = int.from_bytes(_read(descriptor, 4), "big")
    if size > MAX_MESSAGE_BYTES:
        raise TamperedError
    try:
        return json.loads(_read(descriptor, size))
    except (ValueError, RecursionError) as error:
        raise TamperedError from error


def _read(descriptor: int, size: int) -> bytes:
    parts = []
    while size:
        try:
            part = os.read(descriptor, min(size, 1 << 16))
        except OSError as error:
            raise EndedError from error
        if not part:
            raise EndedError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)

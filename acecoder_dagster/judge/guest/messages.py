"""Messages between the processes of a sandbox: a length, and a content; between a test and a program, one JSON object.

Nothing in a message of a program is executed, unpickled or evaluated.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from _socket import SCM_RIGHTS, SOL_SOCKET
from collections.abc import Sequence
from typing import Any, Protocol

from acecoder_dagster.judge.guest.arrays import ValueTooLargeError
from acecoder_dagster.judge.guest.reports import write_all

MAX_MESSAGE_BYTES = 16 << 20
SENDING_SECONDS = 60.0
DESCRIPTOR_BYTES = 4


class Channel(Protocol):
    """A connected socket."""

    def sendmsg(self, buffers: Any, ancdata: Any, /) -> int:
        """Send bytes and descriptors."""


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
    write_frame(descriptor, data)


def read_message(descriptor: int) -> Any:
    """Wait for a message, and return whatever JSON the other side sent.

    Raises:
        TamperedError: it is not JSON, or too long.
        EndedError: there will be none.
    """
    try:
        return json.loads(read_frame(descriptor, MAX_MESSAGE_BYTES))
    except (ValueError, RecursionError) as error:
        raise TamperedError from error


def send_files(channel: Channel, message: bytes, files: Sequence[int]) -> None:
    """Send a message with descriptors over a socket of packets.

    The kernel refuses that while too many descriptors of a user are under way: sent, and not read yet.

    Raises:
        OSError: the other end is gone, or too many are under way for a minute.
    """
    packed = b"".join(file.to_bytes(DESCRIPTOR_BYTES, sys.byteorder) for file in files)
    give_up_at = time.monotonic() + SENDING_SECONDS
    while True:
        try:
            channel.sendmsg([message], [(SOL_SOCKET, SCM_RIGHTS, packed)])
        except OSError as error:
            if error.errno != errno.ETOOMANYREFS or time.monotonic() > give_up_at:
                raise
            time.sleep(0.001)
        else:
            return


def write_frame(descriptor: int, content: bytes) -> None:
    """Send a content with its length.

    Raises:
        EndedError: nobody reads any more.
    """
    try:
        write_all(descriptor, len(content).to_bytes(4, "big") + content)
    except OSError as error:
        raise EndedError from error


def read_frame(descriptor: int, longest: int) -> bytes:
    """Wait for a content that `write_frame` sent; the other side sends no second one before it is answered.

    Raises:
        TamperedError: it is longer than `longest` bytes.
        EndedError: there will be none.
    """
    data = _read(descriptor, 1 << 16)
    while len(data) < 4:
        data += _read(descriptor, 4)
    size = int.from_bytes(data[:4], "big")
    if size > longest:
        raise TamperedError
    parts = [data[4:]]
    missing = size - len(parts[0])
    while missing > 0:
        parts.append(_read(descriptor, min(missing, 1 << 16)))
        missing -= len(parts[-1])
    if missing:
        raise TamperedError
    return b"".join(parts)


def _read(descriptor: int, most: int) -> bytes:
    try:
        data = os.read(descriptor, most)
    except OSError as error:
        raise EndedError from error
    if not data:
        raise EndedError
    return data

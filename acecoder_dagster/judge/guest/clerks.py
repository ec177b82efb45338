"""The zygote's and the child's ends of their connections to the clerk."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import time
from _socket import AF_UNIX, SHUT_RDWR, SOCK_SEQPACKET, SOCK_STREAM, socket, socketpair
from collections.abc import Callable
from typing import Any

from acecoder_dagster.judge.guest import hardening
from acecoder_dagster.judge.guest.clerk import CHILD, DONE, PROCESSOR, QUESTION, Clerk, PreparedCalls
from acecoder_dagster.judge.guest.messages import read_frame, send_files, write_frame

CHANNEL_DESCRIPTOR = 3
MAX_PIECE_BYTES = 64 << 20
KIND_BYTES = 1
PATIENCE_SECONDS, ENDING_SECONDS = 5.0, 0.2

Ask = Callable[[bytes], bytes]
"""Gives an answer to the clerk, and returns the next piece of work."""


class Connection:
    """A connection between one child and the clerk; in the zygote, which closes it when the child has ended."""

    def __init__(self) -> None:
        """Make both ends."""
        self._child, self._clerk = socketpair(AF_UNIX, SOCK_STREAM)
        self.child_end, self.clerk_end = self._child.fileno(), self._clerk.fileno()

    def close_clerk_end(self) -> None:
        """Leave the clerk's end to the clerk."""
        self._clerk.close()

    def end(self) -> None:
        """Let the clerk read what the child has sent, and nothing of what any other process may send from now on."""
        self._child.shutdown(SHUT_RDWR)
        self._child.close()


class KeptClerk:
    """A clerk that is always there.

    Attributes:
        process: its process id.
    """

    def __init__(self, descriptors_end: int, longest_value: int) -> None:
        """Start it.

        Args:
            descriptors_end: no open file has this number, or a higher one.
            longest_value: how many bytes an encoded value has at most.
        """
        self._descriptors_end = descriptors_end
        self._longest_answer = longest_value + KIND_BYTES
        self._calls: tuple[int, int] | None = None  # the file that says what it hands out, and its size
        self._start()

    def take_calls(self, file: int, size: int) -> None:
        """Give it the calls of a question.

        Args:
            file: what describes them; it is kept open until the next calls come.
            size: how many bytes of it.
        """
        if self._calls:
            os.close(self._calls[0])
        self._calls = file, size
        self._tell(QUESTION, size, file)

    def attend(self, connection: Connection, report: int, first: int) -> None:
        """Let it attend to a child, from one test on."""
        self._tell(CHILD, first, connection.clerk_end, report)
        connection.close_clerk_end()

    def stay_on(self, processor: int) -> None:
        """Let it use one processor, or `ANY_PROCESSOR`: to wake it up on another than the child's takes long."""
        self._tell(PROCESSOR, processor)

    def has_finished(self, connection: Connection) -> bool:
        """Wait until it has written all that a child answered; return whether it has.

        A program that runs as the zygote's user could have stopped it.
        """
        connection.end()
        poller = select.poll()
        poller.register(self._channel, select.POLLIN)
        with contextlib.suppress(OSError):
            if poller.poll(PATIENCE_SECONDS * 1000) and self._channel.recv(16) == DONE:
                return True
        # Where the whole sandbox is being ended, it was the first: nobody shall hear that the program crashed.
        time.sleep(ENDING_SECONDS)
        return False

    def replace(self) -> None:
        """Start another one in its place."""
        self._channel.close()
        hardening.end_apart(self.process)
        self._start()

    def _start(self) -> None:
        self._channel, other_end = socketpair(AF_UNIX, SOCK_SEQPACKET)
        self.process = hardening.fork_apart()
        if self.process == 0:
            try:
                os.dup2(other_end.fileno(), CHANNEL_DESCRIPTOR)
                os.closerange(CHANNEL_DESCRIPTOR + 1, self._descriptors_end)
                gc.enable()
                Clerk(socket(fileno=CHANNEL_DESCRIPTOR), self._longest_answer).serve()
            finally:
                os._exit(0)
        other_end.close()
        if self._calls:
            self._tell(QUESTION, self._calls[1], self._calls[0])

    def _tell(self, kind: bytes, number: int, *files: int) -> None:
        with contextlib.suppress(OSError):  # it is gone, which shows when it does not answer
            send_files(self._channel, b"%b %d" % (kind, number), files)


def asking(descriptor: int) -> Ask:
    """Return what a child asks the clerk by, over one end of a connection."""

    def ask(answer: bytes) -> bytes:
        write_frame(descriptor, answer)
        return read_frame(descriptor, MAX_PIECE_BYTES)

    return ask


def rehearsed(description: dict[str, Any]) -> Ask:
    """Return what asks no clerk, but does in one process what a child and its clerk do."""
    calls = PreparedCalls(description)
    work = iter([calls.opening, *calls.pieces, b""])
    child, clerk = socketpair(AF_UNIX, SOCK_STREAM)

    def ask(answer: bytes) -> bytes:
        write_frame(child.fileno(), answer)
        read_frame(clerk.fileno(), MAX_PIECE_BYTES)
        write_frame(clerk.fileno(), next(work))
        return read_frame(child.fileno(), MAX_PIECE_BYTES)

    return ask

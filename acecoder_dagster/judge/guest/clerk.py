"""The process between a program and its tests: it hands out the calls, one at a time, and writes the report.

A program could answer a test by the arguments of a later one. So a child knows no call before the clerk names it, the
clerk names none before the child has answered the last, and what was answered stays answered: the report is written
here. The zygote, whose memory every child inherits, never reads a call.

A child sends the kind and the payload of a line of the report, and gets the next piece of work; an empty one means that
there is no more.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import sys
from _socket import CMSG_SPACE, socket
from types import CodeType
from typing import Any

from acecoder_dagster.judge.guest import hardening, reports
from acecoder_dagster.judge.guest.compiling import compile_text
from acecoder_dagster.judge.guest.messages import DESCRIPTOR_BYTES, EndedError, TamperedError, read_frame, write_frame

QUESTION, CHILD, PROCESSOR, DONE = b"question", b"child", b"processor", b"done"
ANY_PROCESSOR = -1
SKIP, EXPRESSION = "skip", "values"  # modes of a test, see `child`
_TAMPERED = reports.encode_error("TamperedError", "it wrote to its report itself")
_KINDS = frozenset((reports.VALUES, reports.ERROR, reports.TOO_LARGE, reports.PASSED, reports.FAILED))

Compiled = tuple["CodeType | None", str]
"""Compiled text, None where there is none; and why it does not compile, empty where it does."""
Piece = tuple[str, Compiled, Compiled, list[Any]]
"""One test for a child: its mode, the statements before it, its own code, and what is done to the value."""


class PreparedCalls:
    """The calls of one question, ready to be handed out.

    Attributes:
        opening: what is executed before the program, and twice after it, compiled and packed.
        pieces: one `Piece` per test, packed; empty where the child has nothing to do.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        parts = (("before", "<setup>"), ("setup", "<setup>"), ("module", "<tests>"))
        self.opening = marshal.dumps([compile_text(description.get(part, ""), name, "exec") for part, name in parts])
        self.pieces = [_packed(test) for test in description["tests"]]


def _packed(test: dict[str, Any]) -> bytes:
    mode = test["mode"]
    if mode == SKIP:
        return b""
    kind = "eval" if mode == EXPRESSION else "exec"
    prelude = compile_text(test["prelude"], "<test>", "exec")
    return marshal.dumps((mode, prelude, compile_text(test["code"], "<test>", kind), test.get("conversions", [])))


class Clerk:
    """Attends to one child after the other."""

    def __init__(self, channel: socket, longest_answer: int) -> None:
        """Know no question yet.

        Args:
            channel: a socket of type SOCK_SEQPACKET to the zygote.
            longest_answer: how many bytes an answer of a child has at most.
        """
        self._channel = channel
        self._longest_answer = longest_answer
        self._processors = os.sched_getaffinity(0)
        self._calls = PreparedCalls({"tests": []})

    def serve(self) -> None:
        """Take questions and children until the zygote is gone."""
        while True:
            message, ancillary, _, _ = self._channel.recvmsg(256, CMSG_SPACE(2 * DESCRIPTOR_BYTES))
            if not message:
                return
            packed = b"".join(data for _, _, data in ancillary)
            starts = range(0, len(packed), DESCRIPTOR_BYTES)
            files = [int.from_bytes(packed[start : start + DESCRIPTOR_BYTES], sys.byteorder) for start in starts]
            kind, number = message.split()
            if kind == PROCESSOR:
                hardening.use_processors({int(number)} if int(number) != ANY_PROCESSOR else self._processors)
            elif kind == QUESTION:
                self._calls = PreparedCalls(json.loads(os.pread(files[0], int(number), 0)))
            else:
                child, report = files
                # The child is gone, or sends what no child sends: what it answered before counts.
                with contextlib.suppress(EndedError, TamperedError):
                    self._attend(child, report, int(number))
                self._channel.send(DONE)
            for file in files:
                os.close(file)

    def _attend(self, child: int, report: int, first: int) -> None:
        """Hand out pieces, and write what the child answers, until it has nothing more to do.

        Args:
            child: socket to the child.
            report: file for the report.
            first: the test to begin with.
        """
        read_frame(child, self._longest_answer)
        reports.write_all(report, reports.READY)
        kind = self._hand_out(child, report, reports.LOADING, self._calls.opening)
        if kind == reports.VALUES:
            for index, piece in enumerate(self._calls.pieces[first:], first):
                self._hand_out(child, report, index, piece)
        write_frame(child, b"")

    def _hand_out(self, child: int, report: int, index: int, piece: bytes) -> bytes:
        kind, payload = reports.VALUES, reports.NOTHING
        if piece:
            write_frame(child, piece)
            answer = read_frame(child, self._longest_answer)
            kind, payload = answer[:1], answer[1:]
            if kind not in _KINDS or b"\n" in payload:
                kind, payload = reports.ERROR, _TAMPERED
        reports.write_line(report, index, kind, payload)
        return kind

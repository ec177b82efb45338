"""Compiles several programs in one process, for the processes in which they will run.

A process that has just been forked pays for every page it is the first to write to, and a compiler writes to
many. One child compiles the programs of a batch, and executes nothing; its output goes to the child of each
program as bytes. A program that it cannot compile is compiled again by its own child, whose error counts.
"""

from __future__ import annotations

import base64
import marshal
import os
import struct
from collections.abc import Sequence
from types import CodeType

FILE_NAME = "candidate.py"
MAX_COMPILED_BYTES = 1 << 20
_LENGTH = struct.Struct(">I")
_SOURCE, _CODE = b"s", b"c"  # what the content of a program begins with


def pack(parts: Sequence[bytes]) -> bytes:
    """Joins byte strings so that `unpack` can tell them apart."""
    return b"".join(_LENGTH.pack(len(part)) + part for part in parts)


def unpack(content: bytes) -> list[bytes]:
    """Gives back what was given to `pack`."""
    parts = []
    position = 0
    while position < len(content):
        (length,) = _LENGTH.unpack_from(content, position)
        position += _LENGTH.size
        parts.append(content[position : position + length])
        position += length
    return parts


def pack_program(source: bytes, code: bytes = b"") -> bytes:
    """Prepares what `load_program` reads.

    Args:
        source: UTF-8 source text.
        code: what `compiled` made of it, or nothing.
    """
    return _CODE + code if code else _SOURCE + source


def load_program(content: bytes) -> CodeType:
    """Turns a program into code that can be executed.

    Args:
        content: from `pack_program`.

    Raises:
        SyntaxError: and whatever else the compiler raises.
    """
    program = memoryview(content)[1:]
    # Only the program's own process, which is as little trusted as the one that compiled, loads the code.
    return marshal.loads(program) if content.startswith(_CODE) else _compile(bytes(program))  # noqa: S302


def compile_programs(content: bytes, first: int, report: int) -> None:
    """Compiles programs and reports a line `<index> V <base64>` for each that compiles.

    Args:
        content: source texts, packed.
        first: the program to begin with.
        report: descriptor of the report.
    """
    for index, source in enumerate(unpack(content)):
        if index < first:
            continue
        try:
            result = base64.b64encode(compiled(source))
        except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError):
            result = b""
        line = b"%d V %b\n" % (index, result if len(result) <= MAX_COMPILED_BYTES else b"")
        while line:
            line = line[os.write(report, line) :]


def compiled(source: bytes) -> bytes:
    """Compiles a program into what `pack_program` takes.

    Raises:
        SyntaxError: and whatever else the compiler raises.
    """
    return marshal.dumps(_compile(source))


def _compile(source: bytes) -> CodeType:
    return compile(source.decode("utf-8"), FILE_NAME, "exec", dont_inherit=True)

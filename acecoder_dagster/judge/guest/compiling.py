"""Compiles several programs in one process, for the processes in which they will run.

A forked process pays for every page that it is the first to write to, and a compiler writes to many. So one child
compiles the programs of a group, and executes nothing. It writes a file, of which the child of each program reads its
part. A program that does not compile is compiled again by its own child, whose error counts.
"""

from __future__ import annotations

import marshal
import os
import struct
from collections.abc import Sequence
from types import CodeType

FILE_NAME = "candidate.py"
MAX_COMPILED_BYTES = 1 << 20
_ENTRY = struct.Struct(">II")
_SOURCE, _CODE = b"s", b"c"  # what the content of a program begins with


def pack_program(source: bytes) -> bytes:
    """Prepare UTF-8 source text for `load_program`."""
    return _SOURCE + source


def load_program(content: bytes) -> CodeType:
    """Turn a program into code that can be executed.

    Args:
        content: from `pack_program` or `read_program`.

    Raises:
        SyntaxError: the program is no Python. The compiler may raise other errors too, such as RecursionError.
    """
    program = memoryview(content)[1:]
    # Only the program's own process, which is as little trusted as the one that compiled, loads the code.
    return marshal.loads(program) if content.startswith(_CODE) else _compile(bytes(program))  # noqa: S302


def compile_programs(content: bytes, sizes: Sequence[int], file: int) -> None:
    """Compile programs for `read_program`; those that do not compile are left out.

    Args:
        content: programs from `pack_program`, one after the other.
        sizes: how many bytes each has.
        file: descriptor of an empty file; it receives a table of where each program lies, and then the programs.
    """
    start, position = 0, _ENTRY.size * len(sizes)
    for number, size in enumerate(sizes):
        source = content[start : start + size][1:]
        start += size
        try:
            code = _CODE + marshal.dumps(_compile(source))
        except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError):
            continue
        if len(code) <= MAX_COMPILED_BYTES and os.pwrite(file, code, position) == len(code):
            os.pwrite(file, _ENTRY.pack(position, len(code)), _ENTRY.size * number)
            position += len(code)


def read_program(file: int, number: int) -> bytes:
    """Return what `load_program` takes; nothing where the program was not compiled."""
    entry = os.pread(file, _ENTRY.size, _ENTRY.size * number)
    if len(entry) < _ENTRY.size:
        return b""
    position, size = _ENTRY.unpack(entry)
    return os.pread(file, size, position)


def _compile(source: bytes) -> CodeType:
    return compile(source.decode("utf-8"), FILE_NAME, "exec", dont_inherit=True)


def compile_text(text: str, name: str, kind: str) -> tuple[CodeType | None, str]:
    """Compile a part of a test.

    Args:
        text: Python text, possibly empty.
        name: what tracebacks call it.
        kind: `exec` for statements, `eval` for an expression.

    Returns:
        The code, None where the text is empty; and why it does not compile, empty where it does.
    """
    try:
        # Without dont_inherit, a test would be compiled with the __future__ imports of this module.
        return (compile(text, name, kind, dont_inherit=True) if text else None), ""
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return None, f"it does not compile: {error}"

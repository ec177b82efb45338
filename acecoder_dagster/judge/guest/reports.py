"""What a report is: lines `<test index> <kind> <JSON>`, in a file that the host reads when a child has ended."""

from __future__ import annotations

import json
import os

READY = b"+\n"  # written when the child is hardened, before it touches untrusted code
LOADING = -1  # stands in for a test index while the program itself is executed
VALUES, ERROR, TOO_LARGE, PASSED, FAILED = b"V", b"E", b"O", b"P", b"F"
NOTHING = b"[]"  # the payload of a line that has nothing to say
MAX_MESSAGE_CHARACTERS = 200


def write_line(report: int, index: int, kind: bytes, payload: bytes) -> None:
    """Append one line to a report."""
    write_all(report, b"%d %b %b\n" % (index, kind, payload))


def write_all(file: int, content: bytes) -> None:
    """Write all of a content to a file, where its last user stopped."""
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def encode_error(name: str, message: str) -> bytes:
    """Encode the type and the message of an exception."""
    return json.dumps([name[:MAX_MESSAGE_CHARACTERS], message[:MAX_MESSAGE_CHARACTERS]]).encode("ascii")


def describe(error: BaseException) -> bytes:
    """Encode an exception."""
    try:
        message = str(error)
    except BaseException:
        message = "(its message could not be read)"
    return encode_error(type(error).__name__, message)

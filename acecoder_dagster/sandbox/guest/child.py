"""What a forked child does after it has been hardened: run one program and report values.

A report is a file of lines `<test index> <kind> <JSON>`. The child never says whether a sealed test passed;
it says which values the calls of that test gave.
"""

from __future__ import annotations

import json
import os
import random
import sys
import types
from typing import Any

from acecoder_dagster.sandbox.guest.compiling import load_program
from acecoder_dagster.sandbox.guest.encoding import ValueTooLargeError, decode_values, encode_values

READY = b"+\n"  # written when the child is hardened, before it touches untrusted code
LOADING = -1  # stands in for a test index while the program itself is executed
VALUES, ERROR, TOO_LARGE, PASSED, FAILED = b"V", b"E", b"O", b"P", b"F"
MAX_VALUE_BYTES = 1 << 20
MAX_MESSAGE_CHARACTERS = 200
RECURSION_LIMIT = 1020  # Python's own 1,000 and the frames below the program's


class PreparedTest:
    """One test, compiled once per question in the zygote.

    `values` tests evaluate an expression that gives a tuple of values, `execute` tests run the whole test
    beside the program, `compare` tests evaluate an expression over the values of another sandbox.
    """

    def __init__(self, description: dict[str, str]) -> None:
        self.mode = description["mode"]
        self.problem = ""
        try:
            # Without dont_inherit, a test would be compiled with the __future__ imports of this module.
            prelude = description["prelude"]
            self.prelude = compile(prelude, "<test>", "exec", dont_inherit=True) if prelude else None
            kind = "exec" if self.mode == "execute" else "eval"
            self.code = compile(description["code"], "<test>", kind, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.problem = f"the test does not compile: {error}"


class PreparedQuestion:
    """The setup code and tests of one question, compiled."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.setup: str = description["setup"]
        self.tests = [PreparedTest(test) for test in description["tests"]]


def judge_program(question: PreparedQuestion, program: bytes, first_test: int, report: int) -> None:
    """Executes a program, packed for `load_program`, then its tests in order from `first_test`, in one namespace."""
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    namespace = module.__dict__
    try:
        exec(load_program(program), namespace)
        if question.setup:
            exec(compile(question.setup, "<setup>", "exec", dont_inherit=True), namespace)
    except BaseException as error:
        _write(report, LOADING, ERROR, _describe(error))
        return
    _write(report, LOADING, VALUES, b"[]")
    for index in range(first_test, len(question.tests)):
        _write(report, index, *_perform(question.tests[index], namespace))


def compare_values(question: PreparedQuestion, lines: bytes, first_line: int, report: int) -> None:
    """Evaluates comparisons on values that came from another sandbox.

    Each line is `<test index> <encoded values>`; the report numbers lines, not tests.
    """
    namespace: dict[str, Any] = {"__name__": "comparison"}
    try:
        exec(compile(question.setup, "<setup>", "exec", dont_inherit=True), namespace)
    except BaseException as error:
        _write(report, LOADING, ERROR, _describe(error))
        return
    _write(report, LOADING, VALUES, b"[]")
    for line_number, line in enumerate(lines.split(b"\n")[:-1]):
        if line_number < first_line:
            continue
        index, _, encoded = line.partition(b" ")
        try:
            values = {f"__r{position}": value for position, value in enumerate(decode_values(encoded))}
        except ValueError as error:
            _write(report, line_number, ERROR, _describe(error))
            continue
        _write(report, line_number, *_perform(question.tests[int(index)], {**namespace, **values}))


def prepare_interpreter() -> None:
    """Gives the zygote the state that every program finds: a fork hands it on unchanged."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    sys.argv = ["candidate.py"]
    sys.setrecursionlimit(RECURSION_LIMIT)


def _perform(test: PreparedTest, namespace: dict[str, Any]) -> tuple[bytes, bytes]:
    if test.problem:
        return ERROR, _encode_error("SyntaxError", test.problem)
    try:
        if test.prelude is not None:
            exec(test.prelude, namespace)
        if test.mode == "execute":
            exec(test.code, namespace)
            return PASSED, b"[]"
        if test.mode == "compare":
            return (PASSED if eval(test.code, namespace) else FAILED), b"[]"
        encoded = encode_values(eval(test.code, namespace))
    except ValueTooLargeError as error:
        return TOO_LARGE, _describe(error)
    except AssertionError as error:
        return (FAILED if test.mode == "execute" else ERROR), _describe(error)
    except BaseException as error:
        return ERROR, _describe(error)
    if len(encoded) > MAX_VALUE_BYTES:
        return TOO_LARGE, _encode_error("ValueTooLargeError", f"a value of {len(encoded)} bytes")
    return VALUES, encoded


def _describe(error: BaseException) -> bytes:
    try:
        message = str(error)
    except BaseException:
        message = "(its message could not be read)"
    return _encode_error(type(error).__name__, message)


def _encode_error(name: str, message: str) -> bytes:
    return json.dumps([name[:MAX_MESSAGE_CHARACTERS], message[:MAX_MESSAGE_CHARACTERS]]).encode("ascii")


def _write(report: int, index: int, kind: bytes, payload: bytes) -> None:
    line = b"%d %b %b\n" % (index, kind, payload)
    while line:
        line = line[os.write(report, line) :]

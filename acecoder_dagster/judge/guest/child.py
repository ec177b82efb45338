"""What a child does once it is hardened: it runs one program, or tests, or comparisons.

A report is a file of lines `<test index> <kind> <JSON>`. A child that holds a program never reports that a sealed test
passed. It reports the values of the test's calls, or answers the test that runs in another process.
"""

from __future__ import annotations

import atexit
import importlib
import io
import json
import os
import random
import sys
import threading
import types
from collections.abc import Iterable
from typing import Any

from acecoder_dagster.judge.guest.compiling import load_program
from acecoder_dagster.judge.guest.encoding import ValueTooLargeError, decode_values, encode_values
from acecoder_dagster.judge.guest.messages import EndedError
from acecoder_dagster.judge.guest.serving import ProgramSide

READY = b"+\n"  # written when the child is hardened, before it touches untrusted code
LOADING = -1  # stands in for a test index while the program itself is executed
VALUES, ERROR, TOO_LARGE, PASSED, FAILED = b"V", b"E", b"O", b"P", b"F"
MAX_VALUE_BYTES = 1 << 20
MAX_MESSAGE_CHARACTERS = 200
SCRIPT_RECURSION_LIMIT = 50_000  # LiveCodeBench's
RECURSION_LIMIT = 1020  # Python's own 1,000 and the frames below the program's


# LiveCodeBench puts these before every program (lcb_runner/evaluation/testing_util.py, import_string): programs
# written for it rely on them.
USUAL_IMPORTS = """
from string import *
from re import *
from datetime import *
from collections import *
from heapq import *
from bisect import *
from copy import *
from math import *
from random import *
from statistics import *
from itertools import *
from functools import *
from operator import *
from io import *
from sys import *
from json import *
from builtins import *
from typing import *
import string, re, datetime, collections, heapq, bisect, copy, math, random, statistics, itertools, functools
import operator, io, sys, json
"""


class PreparedTest:
    """One test, compiled in the zygote, once for all programs.

    Its mode says what a child does with it: `values` evaluates an expression that gives a tuple of values. `execute`
    executes the whole test in the program's process. `skip` does nothing: the test runs elsewhere. `compare` evaluates
    an expression over values that a program claimed. `drive` runs the test against a program in another sandbox, where
    the same test is `serve`, without its text.
    """

    def __init__(self, description: dict[str, str]) -> None:
        self.mode = description["mode"]
        self.problem = ""
        try:
            # Without dont_inherit, a test would be compiled with the __future__ imports of this module.
            prelude = description["prelude"]
            self.prelude = compile(prelude, "<test>", "exec", dont_inherit=True) if prelude else None
            kind = "eval" if self.mode in ("values", "compare") else "exec"
            self.code = compile(description["code"], "<test>", kind, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.problem = f"the test does not compile: {error}"


class PreparedQuestion:
    """The setup code and the tests of one question.

    Attributes:
        before: code that is executed before the program.
        setup: code that is executed before the tests.
        module: code that the tests share, executed once after the setup.
        entry_point: the function or class under test.
        tests: the tests, compiled.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self.before: str = description.get("before", "")
        self.setup: str = description["setup"]
        self.module: str = description.get("module", "")
        self.entry_point: str = description.get("entry_point", "")
        self.tests = [PreparedTest(test) for test in description["tests"]]
        for name in description.get("imports", ()):
            importlib.import_module(name)  # once here, rather than in every child


def judge_program(
    question: PreparedQuestion, programs: list[bytes], first_test: int, report: int, channel: int = -1
) -> None:
    """Take the program out of a list, execute it, and then its tests.

    Args:
        question: the tests.
        programs: one program, packed for `load_program`; the list is empty afterwards.
        first_test: the test to begin with.
        report: descriptor of the report.
        channel: descriptor of the socket to a process that runs tests, where there is one.
    """
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    namespace = module.__dict__
    try:
        if question.before:
            exec(question.before, namespace)
        exec(load_program(programs.pop()), namespace)
        for text, name in ((question.setup, "<setup>"), (question.module, "<tests>")):
            if text:
                exec(compile(text, name, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        write_line(report, LOADING, ERROR, _describe(error))
        return
    write_line(report, LOADING, VALUES, b"[]")
    side: ProgramSide | None = None
    for index in range(first_test, len(question.tests)):
        test = question.tests[index]
        if test.mode == "skip":
            write_line(report, index, VALUES, b"[]")
        elif test.mode == "serve":
            side = side or ProgramSide(channel, namespace)
            try:
                side.serve(index)
            except EndedError:
                return
            write_line(report, index, VALUES, b"[]")
        else:
            write_line(report, index, *_perform(test, namespace))


def run_script(programs: list[bytes], report: int) -> None:
    """Take the program out of a list, and execute it on descriptors 0 and 1 with all that Python does when it exits."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8", "surrogateescape")
    sys.setrecursionlimit(SCRIPT_RECURSION_LIMIT)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    namespace = module.__dict__
    try:
        exec(USUAL_IMPORTS, namespace)
        exec(load_program(programs.pop()), namespace)
    except SystemExit:
        pass
    except BaseException as error:
        write_line(report, 0, ERROR, _describe(error))
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException as error:
        write_line(report, 0, ERROR, _describe(error))
    write_line(report, 0, VALUES, b"[]")


def compare_values(question: PreparedQuestion, lines: bytes, first_line: int, report: int) -> None:
    """Evaluate comparisons on values that came from another sandbox.

    Args:
        question: the comparisons.
        lines: `<test index> <encoded values>` each.
        first_line: the line to begin with.
        report: descriptor of the report, which numbers lines, not tests.

    """
    namespace: dict[str, Any] = {"__name__": "comparison"}
    try:
        exec(compile(question.setup, "<setup>", "exec", dont_inherit=True), namespace)
    except BaseException as error:
        write_line(report, LOADING, ERROR, _describe(error))
        return
    write_line(report, LOADING, VALUES, b"[]")
    for line_number, line in enumerate(lines.split(b"\n")[:-1]):
        if line_number < first_line:
            continue
        index, _, encoded = line.partition(b" ")
        try:
            values = {f"__r{position}": value for position, value in enumerate(decode_values(encoded))}
        except ValueError as error:
            write_line(report, line_number, ERROR, _describe(error))
            continue
        write_line(report, line_number, *_perform(question.tests[int(index)], {**namespace, **values}))


def prepare_interpreter() -> None:
    """Give the zygote the state that every program finds: a fork hands it on unchanged."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    sys.argv = ["candidate.py"]
    sys.setrecursionlimit(RECURSION_LIMIT)


def execute(codes: Iterable[types.CodeType | None], namespace: dict[str, Any]) -> tuple[bytes, bytes]:
    """Execute a whole test.

    Args:
        codes: compiled statements, one after the other.
        namespace: its global names.

    Returns:
        Kind and payload for the report; it has passed when nothing was raised.
    """
    try:
        for code in filter(None, codes):
            exec(code, namespace)
    except AssertionError as error:
        return FAILED, _describe(error)
    except BaseException as error:
        return ERROR, _describe(error)
    return PASSED, b"[]"


def _perform(test: PreparedTest, namespace: dict[str, Any]) -> tuple[bytes, bytes]:
    if test.problem:
        return ERROR, encode_error("SyntaxError", test.problem)
    if test.mode == "execute":
        return execute((test.prelude, test.code), namespace)
    try:
        if test.prelude is not None:
            exec(test.prelude, namespace)
        if test.mode == "compare":
            return (PASSED, b"[]") if eval(test.code, namespace) else (FAILED, encode_error("AssertionError", ""))
        encoded = encode_values(eval(test.code, namespace))
    except ValueTooLargeError as error:
        return TOO_LARGE, _describe(error)
    except BaseException as error:
        return ERROR, _describe(error)
    if len(encoded) > MAX_VALUE_BYTES:
        return TOO_LARGE, encode_error("ValueTooLargeError", f"a value of {len(encoded)} bytes")
    return VALUES, encoded


def _describe(error: BaseException) -> bytes:
    try:
        message = str(error)
    except BaseException:
        message = "(its message could not be read)"
    return encode_error(type(error).__name__, message)


def encode_error(name: str, message: str) -> bytes:
    """Encode the type and the message of an exception."""
    return json.dumps([name[:MAX_MESSAGE_CHARACTERS], message[:MAX_MESSAGE_CHARACTERS]]).encode("ascii")


def write_line(report: int, index: int, kind: bytes, payload: bytes) -> None:
    """Append one line to a report."""
    line = b"%d %b %b\n" % (index, kind, payload)
    while line:
        line = line[os.write(report, line) :]

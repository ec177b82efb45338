"""What a forked child does after it has been hardened: run one program, or tests and comparisons.

A report is a file of lines `<test index> <kind> <JSON>`. A child that holds a program never says whether a sealed
test passed; it says which values the calls of that test gave, or serves the test in another process.
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
    """One test, compiled once per question in the zygote.

    `values` tests evaluate an expression that gives a tuple of values, `execute` tests run the whole test beside the
    program, `skip` tests are run elsewhere, `compare` tests evaluate an expression over the values of another
    sandbox. `drive` tests run against a program in another sandbox, where they are `serve` tests without any text.
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
    """The setup code and tests of one question, compiled.

    Attributes:
        before: executed before the program.
        setup: executed before the tests.
        module: what the tests share, executed once after the setup; where a program is, only beside it.
        entry_point: the name of what is tested.
        tests: the tests.
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
    """Takes a program, packed for `load_program`, out of a list and executes it, then its tests from `first_test`."""
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
    """Takes a program out of a list and executes it on descriptors 0 and 1, to the end of a normal interpreter exit."""
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
    """Evaluates comparisons on values that came from another sandbox.

    Each line is `<test index> <encoded values>`; the report numbers lines, not tests.
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
    """Gives the zygote the state that every program finds: a fork hands it on unchanged."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    sys.argv = ["candidate.py"]
    sys.setrecursionlimit(RECURSION_LIMIT)


def execute(codes: Iterable[types.CodeType | None], namespace: dict[str, Any]) -> tuple[bytes, bytes]:
    """Executes a test as a whole.

    Args:
        codes: compiled statements, one after the other.
        namespace: its global names.

    Returns:
        Kind and payload for the report: passed when nothing was raised.
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
    """Encodes why a test has no other outcome."""
    return json.dumps([name[:MAX_MESSAGE_CHARACTERS], message[:MAX_MESSAGE_CHARACTERS]]).encode("ascii")


def write_line(report: int, index: int, kind: bytes, payload: bytes) -> None:
    """Appends one line to a report."""
    line = b"%d %b %b\n" % (index, kind, payload)
    while line:
        line = line[os.write(report, line) :]

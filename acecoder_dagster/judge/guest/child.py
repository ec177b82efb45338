"""What a child does once it is hardened: it runs one program, or tests, or comparisons.

A child that holds a program never says that a sealed test passed. It tells the clerk the value of the test's call, or
answers the test that runs in another process.
"""

from __future__ import annotations

import atexit
import io
import marshal
import os
import random
import sys
import threading
import types
from collections.abc import Callable, Iterable
from typing import Any

from acecoder_dagster.judge.guest import reports
from acecoder_dagster.judge.guest.arrays import ValueTooLargeError
from acecoder_dagster.judge.guest.clerk import Compiled
from acecoder_dagster.judge.guest.clerks import Ask
from acecoder_dagster.judge.guest.compiling import compile_text, load_program
from acecoder_dagster.judge.guest.conversation import Listening
from acecoder_dagster.judge.guest.encoding import decode_values, encode_values
from acecoder_dagster.judge.guest.serving import ProgramSide

FAILED_STATUS = 1  # how a script ends that raised an exception, as in Python itself
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


# What a test may do to a value before it is compared, so that it works for objects of the program too. By these names a
# program may have functions of its own.
CONVERSIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        *(len, list, tuple, sorted, set, frozenset, dict, str, repr, bytes, sum, max, min, int, float, complex, next),
        *(iter, reversed),
    )
}


class PreparedTest:
    """One comparison, or one test by proxies, compiled in the zygote, once for all programs.

    Its mode says what a child does with it: `compare` evaluates an expression over the value that a program claimed.
    `drive` runs the test against a program in another sandbox.
    """

    def __init__(self, description: dict[str, str]) -> None:
        self.mode = description["mode"]
        kind = "eval" if self.mode == "compare" else "exec"
        self.prelude, first = compile_text(description["prelude"], "<test>", "exec")
        self.code, second = compile_text(description["code"], "<test>", kind)
        self.problem = first or second


class PreparedQuestion:
    """What is compared, or run by proxies, for one question.

    Attributes:
        setup: code that is executed before comparisons.
        module: code that tests by proxies share, executed once before them.
        entry_point: the function or class under test.
        entry_method: of a class, the method under test; empty where that is not known.
        tests: the tests, compiled.
        seeds: whether they seed what is drawn at random.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        self.setup: str = description["setup"]
        self.module: str = description.get("module", "")
        self.entry_point: str = description.get("entry_point", "")
        self.entry_method: str = description.get("entry_method", "")
        self.tests = [PreparedTest(test) for test in description["tests"]]
        self.seeds = any(".seed(" in text for text in (self.module, *(test["code"] for test in description["tests"])))


def judge_program(
    programs: list[bytes], ask: Ask, longest_value: int, channel: int, listening: Listening | None
) -> None:
    """Take the program out of a list, execute it, and then do what the clerk asks for.

    Modes: `values` evaluates an expression. `execute` executes the whole test in this process. `serve` answers a test
    that runs elsewhere.

    Args:
        programs: one program, packed for `load_program`; the list is empty afterwards.
        ask: gives an answer to the clerk, and returns the next piece of work.
        longest_value: how many bytes an encoded value has at most.
        channel: descriptor of the socket to a process that runs tests, where there is one.
        listening: says whether it waits for that process; None where there is none.
    """
    opening = marshal.loads(ask(reports.READY))  # noqa: S302 - the clerk's own
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    namespace = module.__dict__
    answer = _load(programs, opening, namespace)
    side: ProgramSide | None = None
    while piece := ask(b"".join(answer)):
        mode, (prelude, first), (code, second), conversions = marshal.loads(piece)  # noqa: S302 - the clerk's own
        if mode == "serve":
            side = side or ProgramSide(channel, listening or bytearray(1), namespace)
            side.serve()
            answer = reports.VALUES, reports.NOTHING
        elif first or second:
            answer = reports.ERROR, reports.encode_error("SyntaxError", f"the test: {first or second}")
        elif mode == "execute":
            answer = execute((prelude, code), namespace)
        else:
            answer = _evaluate(prelude, code, conversions, namespace, longest_value)


def _load(programs: list[bytes], opening: list[Compiled], namespace: dict[str, Any]) -> tuple[bytes, bytes]:
    """Execute what comes before the program, the program, and what comes after it."""
    try:
        before, *after = [_code(compiled) for compiled in opening]
        if before:
            exec(before, namespace)
        exec(load_program(programs.pop()), namespace)
        for code in filter(None, after):
            exec(code, namespace)
    except BaseException as error:
        return reports.ERROR, reports.describe(error)
    return reports.VALUES, reports.NOTHING


def _code(compiled: Compiled) -> types.CodeType | None:
    code, problem = compiled
    if problem:
        raise SyntaxError(f"the setup code: {problem}")
    return code


def _evaluate(
    prelude: types.CodeType | None,
    code: types.CodeType,
    conversions: list[tuple[str, dict[str, Any]]],
    namespace: dict[str, Any],
    longest_value: int,
) -> tuple[bytes, bytes]:
    try:
        if prelude is not None:
            exec(prelude, namespace)
        value = eval(code, namespace)
        for name, options in conversions:
            value = CONVERSIONS[name](value, **options)
        encoded = encode_values([value])
    except ValueTooLargeError as error:
        return reports.TOO_LARGE, reports.describe(error)
    except BaseException as error:
        return reports.ERROR, reports.describe(error)
    if len(encoded) > longest_value:
        return reports.TOO_LARGE, reports.encode_error("ValueTooLargeError", f"a value of {len(encoded)} bytes")
    return reports.VALUES, encoded


def run_script(programs: list[bytes], report: int) -> None:
    """Take the program out of a list, and execute it on descriptors 0 and 1 with all that Python does when it exits."""
    sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)), "utf-8", "surrogateescape")
    sys.setrecursionlimit(SCRIPT_RECURSION_LIMIT)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    namespace = module.__dict__
    failed_with: BaseException | None = None
    try:
        exec(USUAL_IMPORTS, namespace)
        exec(load_program(programs.pop()), namespace)
    except SystemExit:
        pass
    except BaseException as error:
        failed_with = error
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException as error:
        failed_with = failed_with or error
    if failed_with is not None:
        reports.write_line(report, 0, reports.ERROR, reports.describe(failed_with))
        os._exit(FAILED_STATUS)


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
        reports.write_line(report, reports.LOADING, reports.ERROR, reports.describe(error))
        return
    reports.write_line(report, reports.LOADING, reports.VALUES, reports.NOTHING)
    for number, line in enumerate(lines.split(b"\n")[:-1]):
        if number >= first_line:
            index, _, encoded = line.partition(b" ")
            reports.write_line(report, number, *_compare(question.tests[int(index)], namespace, encoded))


def _compare(test: PreparedTest, namespace: dict[str, Any], encoded: bytes) -> tuple[bytes, bytes]:
    if test.problem:
        return reports.ERROR, reports.encode_error("SyntaxError", f"the test: {test.problem}")
    try:
        own_names = {**namespace, "__r0": decode_values(encoded)[0]}
        if test.prelude is not None:
            exec(test.prelude, own_names)
        if test.code is not None and eval(test.code, own_names):
            return reports.PASSED, reports.NOTHING
    except BaseException as error:
        return reports.ERROR, reports.describe(error)
    return reports.FAILED, reports.encode_error("AssertionError", "")


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
        return reports.FAILED, reports.describe(error)
    except BaseException as error:
        return reports.ERROR, reports.describe(error)
    return reports.PASSED, reports.NOTHING

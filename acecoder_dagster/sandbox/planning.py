"""Prepares the tests of a question once, for all the programs that will be judged by them."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from dataclasses import dataclass

from acecoder_dagster.sandbox.deciding import Decision, host_decision, passing_payload
from acecoder_dagster.sandbox.splitting import (
    NotSplittableError,
    Setup,
    SplitTest,
    read_setup,
    split_test,
)
from acecoder_dagster.sandbox.types import QuestionTests


@dataclass(frozen=True, slots=True)
class TestPlan:
    """How one test is decided.

    Attributes:
        sealed: whether it is decided by value, out of the program's reach.
        passing_payload: the encoded value that passes, where there is exactly one.
        decision: what decides without a sandbox, where the comparison is simple.
    """

    __test__ = False  # not a test class of pytest's

    sealed: bool
    passing_payload: bytes | None
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class QuestionPlan:
    """The tests of one question, ready for the sandboxes.

    Attributes:
        tests: one plan per test.
        calls: for the sandbox that runs programs: what to evaluate, without any expected value.
        comparisons: for the sandbox that compares.
    """

    tests: tuple[TestPlan, ...]
    calls: bytes
    comparisons: bytes


def plan_question(question: QuestionTests) -> QuestionPlan:
    """Split every test of a question and find the simplest safe way to decide it.

    Args:
        question: the tests.

    Returns:
        The plan; a test that cannot be split will be executed beside the program and is not sealed.
    """
    setup = read_setup(question.setup_code, question.entry_point)
    plans, calls, comparisons = [], [], []
    for test in question.tests:
        plan, call, comparison = _plan_test(test, question.entry_point, setup)
        plans.append(plan)
        calls.append(call)
        comparisons.append(comparison)
    return QuestionPlan(
        tuple(plans),
        _description(question.setup_code, calls),
        _description(setup.comparison_code, comparisons),
    )


def plan_calls(setup_code: str, calls: Sequence[str]) -> bytes:
    """Describe calls to be evaluated for their own sake.

    Args:
        setup_code: Python executed after the program.
        calls: expressions.

    Returns:
        A description for the sandbox that runs programs.
    """
    return _description(setup_code, [_piece("values", "", f"({call},)") for call in calls])


def _plan_test(test: str, entry_point: str, setup: Setup) -> tuple[TestPlan, dict[str, str], dict[str, str]]:
    try:
        split = split_test(test, entry_point, setup)
        comparison = ast.unparse(split.comparison)
    except (NotSplittableError, RecursionError):
        return TestPlan(False, None, None), _piece("execute", "", test), _piece("compare", "", "False")
    plan = TestPlan(
        sealed=True,
        passing_payload=passing_payload(split.comparison) if len(split.calls) == 1 else None,
        decision=host_decision(split.comparison),
    )
    imports = "".join(f"import {module}\n" for module in split.modules)
    return (
        plan,
        _piece("values", split.call_prelude, _tuple_of_calls(split)),
        _piece("compare", imports + split.prelude, comparison),
    )


def _tuple_of_calls(split: SplitTest) -> str:
    """An expression for the values of the calls; it fails where the program lacks a module the test uses."""
    values = "".join(f"{call}, " for call in split.calls)
    if not split.modules:
        return f"({values})"
    return f"(({values}), {', '.join(split.modules)})[0]"


def _piece(mode: str, prelude: str, code: str) -> dict[str, str]:
    return {"mode": mode, "prelude": prelude, "code": code}


def _description(setup: str, tests: list[dict[str, str]]) -> bytes:
    return json.dumps({"setup": setup, "tests": tests}).encode("ascii")

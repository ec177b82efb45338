"""Input/output tests, decided by the rules of LiveCodeBench.

The rules are those of `lcb_runner/evaluation/testing_util.py` in LiveCodeBench's repository (`grade_stdio`,
`grade_call_based`): they say what counts as the same output.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from acecoder_dagster.judge.guest.child import SCRIPT_RECURSION_LIMIT, USUAL_IMPORTS
from acecoder_dagster.judge.plan.host_decisions import Decision, payload_of
from acecoder_dagster.judge.types import IoTest, QuestionTests


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One pair of arguments and expected value.

    Attributes:
        call: the expression the program evaluates.
        comparison: what decides, over the placeholder of that call.
        passing_payload: the encoded value that passes.
        decision: what decides on the host.
    """

    call: str
    comparison: str
    passing_payload: bytes | None
    decision: Decision


def is_same_output(printed: str, expected: str) -> bool:
    """Compare what a program printed with what it should have.

    Args:
        printed: what it printed.
        expected: what it should have.

    Returns:
        Whether both have, after stripping, equally many lines and each pair of stripped lines is the same text, or
        the same sequence of decimal numbers.
    """
    lines, expected_lines = _lines(printed), _lines(expected)
    return len(lines) == len(expected_lines) and all(
        line == wanted or _is_same_numbers(line, wanted) for line, wanted in zip(lines, expected_lines, strict=True)
    )


def function_call_setup(question: QuestionTests) -> tuple[str, str]:
    """Write what surrounds a program whose function is called.

    Args:
        question: with an entry point.

    Returns:
        Python executed before the program, and after it.
    """
    name = question.entry_point
    before = f"{USUAL_IMPORTS}\nsys.setrecursionlimit({SCRIPT_RECURSION_LIMIT})\n"
    method = f"Solution().{name} if 'Solution' in globals() and hasattr(Solution, {name!r}) else {name}"
    return before, f"{question.setup_code}\nimport json as judge_json\njudge_function = {method}\n"


def function_call_pieces(test: IoTest) -> FunctionCall:
    """Prepare one call.

    Args:
        test: one JSON argument per line, and the expected value as JSON.

    Returns:
        What the program evaluates, and what decides: equality, where a tuple counts as a list.
    """
    arguments = [line for line in test.input.split("\n") if line.strip()]
    expected = json.loads(test.output)
    return FunctionCall(
        f"(judge_function(*[judge_json.loads(line) for line in {arguments!r}]),)",
        f"(list(__r0) if isinstance(__r0, tuple) else __r0) == json.loads({test.output!r})",
        payload_of(expected),
        lambda values: bool((list(values[0]) if isinstance(values[0], tuple) else values[0]) == expected),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _is_same_numbers(line: str, expected: str) -> bool:
    try:
        return [Decimal(token) for token in line.split()] == [Decimal(token) for token in expected.split()]
    except InvalidOperation:  # a token is not a number, or not one that can be compared
        return False

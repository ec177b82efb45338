"""Input/output tests: what counts as the same output, by the rules of LiveCodeBench.

They are in its repository, `lcb_runner/evaluation/testing_util.py`: `grade_stdio` and `grade_call_based`.
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
    """One call with the value that is expected of it.

    Attributes:
        call: the expression that the program evaluates.
        comparison: an expression over the placeholder of that call, which is true where the test passes.
        passing_payload: the encoding of the expected value; None where not even that passes, as NaN.
        decision: makes the comparison on the host.
    """

    call: str
    comparison: str
    passing_payload: bytes | None
    decision: Decision


def is_same_output(printed: str, expected: str) -> bool:
    """Compare what a program printed with what is expected.

    Args:
        printed: what it printed.
        expected: what is expected.

    Returns:
        Whether they have the same number of lines and each line is the same text, or the same decimal numbers. White
        space around the text and around each line does not count.
    """
    if printed.strip().count("\n") != expected.strip().count("\n"):
        return False
    lines, expected_lines = _lines(printed), _lines(expected)
    return all(
        line == wanted or _is_same_numbers(line, wanted) for line, wanted in zip(lines, expected_lines, strict=True)
    )


def function_call_setup(question: QuestionTests) -> tuple[str, str]:
    """Write the code around a program whose function is called.

    Args:
        question: with an entry point.

    Returns:
        Python executed before the program, and after it.
    """
    name = question.entry_point
    before = f"{USUAL_IMPORTS}\nsys.setrecursionlimit({SCRIPT_RECURSION_LIMIT})\n"
    # What the usual imports bring under this name (as `add` of `operator`) is not the program's answer.
    before += f"globals().pop({name!r}, None)\n"
    method = f"Solution().{name} if 'Solution' in globals() else {name}"
    return before, f"{question.setup_code}\nimport json as judge_json\njudge_function = {method}\n"


def function_call_pieces(test: IoTest) -> FunctionCall:
    """Prepare one call.

    Args:
        test: one JSON argument per line, and the expected value as JSON.

    Returns:
        The call, and its comparison for equality; a tuple counts as a list.
    """
    arguments = [line for line in test.input.split("\n") if line.strip()]
    expected = json.loads(test.output)
    passes_itself = bool(expected == json.loads(test.output))
    return FunctionCall(
        f"judge_function(*[judge_json.loads(line) for line in {arguments!r}])",
        f"(list(__r0) if isinstance(__r0, tuple) else __r0) == json.loads({test.output!r})",
        payload_of(expected) if passes_itself else None,
        lambda values: bool((list(values[0]) if isinstance(values[0], tuple) else values[0]) == expected),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _is_same_numbers(line: str, expected: str) -> bool:
    wanted = expected.split()
    tokens = line.split(maxsplit=len(wanted))  # a program may print millions: no more are looked at than are expected
    if len(tokens) != len(wanted):
        return False
    try:
        return all(Decimal(token) == Decimal(number) for token, number in zip(tokens, wanted, strict=True))
    except InvalidOperation:  # a token is not a number, or not one that can be compared
        return False

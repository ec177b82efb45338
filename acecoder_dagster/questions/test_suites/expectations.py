"""Tests from observed values: what a trusted program returns becomes the expected value."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import Rejections
from acecoder_dagster.data.tables import CANDIDATE_TESTS
from acecoder_dagster.python_source import parse_literal
from acecoder_dagster.questions.test_suites.observed_calls import ObservedCall

ORIGIN = "reference execution"
ADVERSARIAL = "adversarial input"
"""Origin of tests that were made because surviving programs disagree on them."""

BRANCHING = "branching input"
"""Origin of tests that were made because the trusted program takes a new branch on them."""

MADE = frozenset({ADVERSARIAL, BRANCHING})
"""Origins of tests whose inputs were made from those of the other tests of their question."""

RELATIVE_TOLERANCE = 1e-9
"""How far a fraction may be from the expected one. Another order of additions is enough to change the last digits."""

MAX_EXPECTED_CHARACTERS = 2_000
"""Longer expected values are rejected: nobody reads them, and every sampled program pays for comparing them."""


@dataclass(frozen=True)
class WrittenTests:
    """Tests made from observed calls; rows_in = tests + rejected."""

    tests: pl.DataFrame
    rejected: pl.DataFrame
    rows_in: int


def write_tests(
    observed: Iterable[ObservedCall], origin: str = ORIGIN, stage: str = CANDIDATE_TESTS.name
) -> WrittenTests:
    """Return one assert per observed call (columns of CANDIDATE_TESTS), or the reason why there is none.

    A call is rejected when the program raised or its value cannot be written as a Python literal that reads back
    equal (a float NaN, an object), when the literal is over-long, or when the test was already made.

    Args:
        observed: the calls, those of a question in the order of its tests.
        origin: of the tests.
        stage: of rejected rows.
    """
    tests: list[dict[str, object]] = []
    rejected = Rejections(stage, "test")
    positions: dict[str, int] = {}
    seen: set[str] = set()
    rows_in = 0
    for call in observed:
        rows_in += 1
        test = expectation(call.call, call.value)
        test_id = text_id(call.question_id, test)
        problem = _problem(call, repeated=test_id in seen)
        if problem is not None:
            reason, evidence = problem
            rejected.add(test_id, call.question_id, reason, f"{call.call}: {evidence}")
            continue
        seen.add(test_id)
        position = positions.get(call.question_id, 0)
        positions[call.question_id] = position + 1
        tests.append(
            {
                "test_id": test_id,
                "question_id": call.question_id,
                "test": test,
                "position": position,
                "origin": origin,
                "times_written": 1,
            }
        )
    return WrittenTests(
        CANDIDATE_TESTS.conform(pl.DataFrame(tests, schema=CANDIDATE_TESTS.schema)),
        rejected.table(),
        rows_in,
    )


def expectation(call: str, value: object) -> str:
    """Return the test that a call gives a value: equal to it, or of a fraction so close that only rounding differs."""
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        return f"assert abs({call} - {value!r}) <= {max(abs(value), 1.0) * RELATIVE_TOLERANCE!r}"
    return f"assert {call} == {value!r}"


def _problem(call: ObservedCall, *, repeated: bool) -> tuple[Reason, str] | None:
    if call.reason is not None:
        return call.reason, call.evidence
    problem = unwritable(call.value, MAX_EXPECTED_CHARACTERS)
    return (Reason.DUPLICATE, "the same test was made before") if problem is None and repeated else problem


def unwritable(value: object, max_characters: int) -> tuple[Reason, str] | None:
    """Return why a value cannot be written into a test, and what was seen; None where it can.

    Args:
        value: what a call gave.
        max_characters: the longest text of a value.
    """
    try:
        text = repr(value)
    except ValueError:  # a number of thousands of digits
        return Reason.VALUE_TOO_LONG, "its digits cannot be written"
    if len(text) > max_characters:
        return Reason.VALUE_TOO_LONG, f"{len(text)} characters"
    try:
        same = bool(parse_literal(text) == value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        same = False
    return None if same else (Reason.VALUE_NOT_LITERAL, text[:200])

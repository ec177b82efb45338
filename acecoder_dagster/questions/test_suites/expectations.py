"""Tests from observed values: what a trusted program returns becomes the expected value."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.data.tables import CANDIDATE_TESTS, REJECTED_ROWS
from acecoder_dagster.python_source import parse_literal
from acecoder_dagster.questions.test_suites.observed_calls import ObservedCall

ORIGIN = "reference execution"
ADVERSARIAL = "adversarial input"
"""Origin of tests that were made because surviving programs disagree on them."""

BRANCHING = "branching input"
"""Origin of tests that were made because the trusted program takes a new branch on them."""

MADE = frozenset({ADVERSARIAL, BRANCHING})
"""Origins of tests whose inputs were made from those of the other tests of their question."""

STAGE = "candidate_tests"
RELATIVE_TOLERANCE = 1e-9
"""How far a fraction may be from the expected one; the order of additions alone changes the last digits."""

MAX_EXPECTED_CHARACTERS = 2_000
"""Longer expected values are rejected: nobody reads them, and every sampled program pays for comparing them."""


@dataclass(frozen=True)
class WrittenTests:
    """Tests made from observed calls; rows_in = tests + rejected."""

    tests: pl.DataFrame
    rejected: pl.DataFrame
    rows_in: int


def write_tests(observed: Iterable[ObservedCall], origin: str = ORIGIN, stage: str = STAGE) -> WrittenTests:
    """Return one assert per observed call (columns of CANDIDATE_TESTS), or the reason why there is none.

    A call is rejected when the program raised or its value cannot be written as a Python literal that reads back
    equal (a float NaN, an object), when the literal is over-long, or when the test was already made.

    Args:
        observed: the calls, those of a question in the order of its tests.
        origin: of the tests.
        stage: of rejected rows.
    """
    tests: list[dict[str, object]] = []
    rejected: list[dict[str, object]] = []
    positions: dict[str, int] = {}
    seen: set[str] = set()
    rows_in = 0
    for call in observed:
        rows_in += 1
        test = expectation(call.call, call.value)
        test_id = text_id(call.question_id, test)
        reason = call.error or _unwritable(call.value) or ("repeated test" if test_id in seen else None)
        if reason is not None:
            rejected.append(
                {
                    "stage": stage,
                    "row_kind": "test",
                    "row_id": test_id,
                    "question_id": call.question_id,
                    "reason": reason.split(":")[0],
                    "evidence": f"{call.call}: {reason}"[:500],
                }
            )
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
        pl.DataFrame(rejected, schema=REJECTED_ROWS.schema),
        rows_in,
    )


def expectation(call: str, value: object) -> str:
    """Return the test that a call gives a value: equal to it, or of a fraction so close that only rounding differs."""
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        return f"assert abs({call} - {value!r}) <= {max(abs(value), 1.0) * RELATIVE_TOLERANCE!r}"
    return f"assert {call} == {value!r}"


def _unwritable(value: object) -> str | None:
    text = repr(value)
    if len(text) > MAX_EXPECTED_CHARACTERS:
        return f"value too long: {len(text)} characters"
    try:
        same = bool(parse_literal(text) == value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        same = False
    return None if same else f"value is no literal: {text[:200]}"

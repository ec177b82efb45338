"""Chooses few tests that refuse as many wrong programs as all of them do.

A test is worth the wrong programs and mutants that it fails and no chosen test fails yet. It costs the right programs
that it fails: not every test that a reference passes is a fair one (`sum_to_n(-10)` asks for what the question does
not say). Who is right is not known, so both are sums of probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

RIGHT_EXPONENT = 4.0
"""A program that passes the share s of the tests is right with the probability s ** RIGHT_EXPONENT; a test counts in it
by the odds that it is fair: a program that fails what the question itself shows is not right, whatever it passes."""

COST = 8.0
"""What failing a right program costs, in wrong programs failed, for a test that is as likely fair as not."""

LITTLE = 1e-3
"""Breaks ties between tests in favour of the fairer one."""


@dataclass(frozen=True)
class SuiteMatrix:
    """What is known of the tests of one question.

    Attributes:
        passed: programs by tests.
        mutants_passed: mutants of a right program by tests.
        fairness: per test, the probability that its input and expected value are what the question asks for.
        expected: per test, the value that it expects, the same text for equal values; None where that is unknown.
    """

    passed: Flags
    mutants_passed: Flags
    fairness: Floats
    expected: Sequence[str | None]


def right_by_share(passed: Flags, fairness: Floats) -> Floats:
    """Return the probability that each program is right, from the share of the tests that it passes."""
    shares: Floats = np.average(passed, axis=1, weights=1 / _odds(fairness)) if passed.size else np.ones(len(passed))
    return shares**RIGHT_EXPONENT


def _odds(fairness: Floats) -> Floats:
    """Return how likely tests are unfair, relative to how likely they are fair."""
    within = np.clip(fairness, 1e-3, 1 - 1e-3)
    odds: Floats = (1 - within) / within
    return odds


def strongest_suite(matrix: SuiteMatrix, min_tests: int, max_tests: int) -> list[int]:
    """Return the positions of the tests to keep, most useful first.

    Tests are taken greedily (the usual approximation of a smallest cover) until there are enough of them or every other
    costs more than it is worth. A test that refuses no further program costs nothing and fills the free places: other
    programs, which had no part in the choice, may fail it. Where there are only two answers, both are asked for first,
    whatever that costs: nothing else refuses a program that always gives one of them, and a question with two answers
    means both
    (both measured in benchmarks/test_suites/results.md).

    Args:
        matrix: outcomes, fairness and expected values.
        min_tests: fewest tests, if there are as many, whatever they cost.
        max_tests: most tests.
    """
    right = right_by_share(matrix.passed, matrix.fairness)
    odds = _odds(matrix.fairness)
    failed, killed = ~matrix.passed, ~matrix.mutants_passed
    # Mutants together count as much as programs together: a suite must not only know this sampler's mistakes.
    alive, unkilled = np.ones(len(failed)), np.full(len(killed), max(1, len(failed)) / max(1, len(killed)))
    worth_anyway = LITTLE * matrix.fairness
    chosen: list[int] = []
    missing = _two_answers(matrix.expected)
    while len(chosen) < min(max_tests, matrix.passed.shape[1]):
        gain = (alive * (1 - right)) @ failed - COST * odds**2 * ((alive * right) @ failed) + unkilled @ killed
        gain += worth_anyway
        gain[chosen] = -np.inf
        if missing:
            gain[[value not in missing for value in matrix.expected]] = -np.inf
        best = int(np.argmax(gain))
        if gain[best] < 0 and len(chosen) >= min_tests and not missing:
            break
        chosen.append(best)
        missing.discard(matrix.expected[best])
        alive, unkilled = alive * matrix.passed[:, best], unkilled * matrix.mutants_passed[:, best]
    return chosen


def _two_answers(expected: Sequence[str | None]) -> set[str | None]:
    """Return the two values that tests expect; nothing where they expect one, or more than two."""
    answers: set[str | None] = set(expected) - {None}
    return answers if len(answers) == 2 else set()

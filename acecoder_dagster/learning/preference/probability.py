"""The probability that a program is right, from the tests that it fails and from error rates measured elsewhere.

Tests make errors. Some right programs fail a test or two, because a test asks for more than the question does; some
wrong programs pass every test. How often this happens is measured on questions with known answers (`acecoder quality`).
With these error rates, the failures in a question tell two things: how many of its programs are right (as prevalence is
estimated from an imperfect diagnostic test, Rogan and Gladen 1978), and which ones.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acecoder_dagster.questions.test_suites.quality import ErrorRates, failure_group

Floats = NDArray[np.float64]

ROUNDS = 50
"""Rounds of expectation maximisation; then shares of right programs no longer change in the fourth digit."""

PRIOR_PROGRAMS = 5.0
"""In a question, the share of right programs over all questions counts as much as this many of its programs."""


def right_probabilities(programs: pl.DataFrame, rates: ErrorRates) -> pl.Series:
    """Return the probability that each program is right.

    Args:
        programs: Columns question_number (integer), tests_failed, tests.
        rates: How many tests right and wrong programs fail, measured elsewhere.

    Returns:
        One value per program, in order.
    """
    numbered = programs.select(
        question=pl.col("question_number").rank("dense").cast(pl.Int64) - 1,
        group=failure_group(pl.col("tests_failed"), pl.col("tests")).cast(pl.Int64),
    )
    question, group = numbered["question"].to_numpy(), numbered["group"].to_numpy()
    right, wrong = np.array(rates.right), np.array(rates.wrong)
    counts = np.zeros((int(question.max(initial=-1)) + 1, len(right)))
    np.add.at(counts, (question, group), 1)
    overall = _shares_right(counts.sum(axis=0, keepdims=True), right, wrong, prior=0.5, prior_programs=1.0)
    shares = _shares_right(counts, right, wrong, prior=float(overall[0]), prior_programs=PRIOR_PROGRAMS)
    return pl.Series(_posterior(shares, right, wrong)[question, group])


def _shares_right(counts: Floats, right: Floats, wrong: Floats, *, prior: float, prior_programs: float) -> Floats:
    """Return the most likely share of right programs for each row of counts, pulled towards the prior."""
    shares = np.full(len(counts), prior)
    for _ in range(ROUNDS):
        expected = (_posterior(shares, right, wrong) * counts).sum(axis=1)
        shares = (expected + prior_programs * prior) / (counts.sum(axis=1) + prior_programs)
    return shares


def _posterior(shares: Floats, right: Floats, wrong: Floats) -> Floats:
    of_right, of_wrong = np.outer(shares, right), np.outer(1 - shares, wrong)
    probabilities: Floats = of_right / (of_right + of_wrong)
    return probabilities

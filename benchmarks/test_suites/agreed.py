"""Suites by the agreement of programs, without a reference: what the product's policy `agreement` keeps."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from acecoder_dagster.questions.test_suites.choosing import Ballot, agree
from acecoder_dagster.questions.test_suites.choosing.agreement import CERTAIN
from benchmarks.test_suites.questions import Chosen, MeasuredQuestion, trust_in_writers
from benchmarks.test_suites.suites import MIN_TESTS, small_suite

PLAIN_ORIGIN = "my-other-github-account/llm-humaneval-benchmarks"
"""Programs that models wrote in one go, without any feedback from tests."""


def plain_models(data: Path) -> frozenset[str]:
    """Return the models whose programs were written in one go."""
    programs = pl.read_parquet(data / "programs.parquet", columns=["model", "origin"])
    of_origin = programs.filter((pl.col("origin") == PLAIN_ORIGIN) | pl.col("model").str.contains("ldb-seed"))
    return frozenset(of_origin["model"])


def agreed_suites(
    questions: Sequence[MeasuredQuestion], oracles: Chosen, *, shrink: bool = True
) -> list[tuple[float, str, list[int]]]:
    """Return confidence, question and suite of every question that keeps enough tests, most certain first."""
    ballots = {}
    written = {each.question_id: np.array([bool(test.writers) for test in each.tests]) for each in questions}
    for question in questions:
        rows, columns = oracles(question), written[question.question_id]
        if rows.any() and columns.any():
            passed = question.passed[rows][:, columns]
            writers = [test.writers for test in question.tests if test.writers]
            ballots[question.question_id] = Ballot(passed, list(question.models[rows]), writers)
    agreements = {}
    for question_id, agreement in agree(ballots).items():
        kept = np.zeros(len(written[question_id]), dtype=np.bool_)
        kept[written[question_id]] = agreement.probabilities >= CERTAIN
        agreements[question_id] = agreement.confidence, kept
    trust = trust_in_writers(questions, {question: kept for question, (_, kept) in agreements.items()})
    suites = []
    for question in questions:
        confidence, kept = agreements.get(question.question_id, (0.0, np.zeros(0, dtype=np.bool_)))
        tests = [int(test) for test in np.flatnonzero(kept)]
        if len(tests) >= MIN_TESTS:
            suite = small_suite(question, tests, trust, oracles(question)) if shrink else tests
            suites.append((confidence, question.question_id, suite))
    return sorted(suites, key=lambda each: -each[0])


def certain(suites: Sequence[tuple[float, str, list[int]]]) -> dict[str, list[int]]:
    """Return by question the suites that the product would keep."""
    return {question: suite for confidence, question, suite in suites if confidence >= CERTAIN}

"""Reduces kept tests to few that refuse the same programs and mutants."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.tables import FILTERED_TESTS
from acecoder_dagster.questions.test_suites.call_tests import split_test, value_key
from acecoder_dagster.questions.test_suites.choosing.fewest_tests import Floats, SuiteMatrix, strongest_suite
from acecoder_dagster.questions.test_suites.choosing.filtering import FilteredTests, rejected_tests
from acecoder_dagster.questions.test_suites.choosing.pass_table import MUTANT, PassTable, outcome_matrices
from acecoder_dagster.questions.test_suites.expectations import MADE
from acecoder_dagster.questions.test_suites.expectations import ORIGIN as EXECUTED

UNWRITTEN = 0.5
"""How likely an input that no writer thought of is one that the question asks for."""

NEAR = 0.77
"""How likely an input is fair that is like fair ones (`inputs.domain`); see benchmarks/test_suites/results.md."""

CAREFUL = 1.6
"""How likely a writer's test is fair: the share of its tests that are kept, to this power. Writers of wrong values ask
even more often for inputs that the question excludes; see benchmarks/test_suites/results.md."""


def writers_trust(kept: pl.DataFrame, candidates: pl.DataFrame) -> dict[str, float]:
    """Return by writer how likely its kept tests are fair, which is less than the share of its tests that are kept.

    A writer whose tests are often wrong writes right ones by chance too, with inputs that the question excludes. Tests
    from execution are never wrong, but nobody thought of their inputs either.

    Args:
        kept: columns of FILTERED_TESTS, of as many questions as there are.
        candidates: columns of CANDIDATE_TESTS, of the same questions.
    """
    marked = candidates.join(kept.select("test_id", kept=pl.lit(1)), on="test_id", how="left")
    shares = marked.group_by("origin").agg(trust=((pl.col("kept").sum() + 1) / (pl.len() + 2)) ** CAREFUL)
    # It is not known better, and one test more or less changes the choice of no other question's tests.
    shares = shares.with_columns(pl.col("trust").round(2))
    return dict(shares.iter_rows()) | {EXECUTED: UNWRITTEN}


def suite_fairness(origins: Sequence[str], trust: Mapping[str, float]) -> Floats:
    """Return how likely each test of a question is fair.

    A made input may come from that of any other test, the least trusted one included.

    Args:
        origins: per test, where it comes from.
        trust: what `writers_trust` returned.
    """
    sources = [trust[origin] for origin in origins if origin not in MADE]
    near = NEAR * min(sources, default=UNWRITTEN)
    return np.array([near if origin in MADE else trust[origin] for origin in origins])


def shrink_suites(
    filtered: FilteredTests,
    passes: PassTable,
    trust: Mapping[str, float],
    questions: pl.DataFrame,
    *,
    min_tests: int,
    max_tests: int,
) -> FilteredTests:
    """Keep of each question's kept tests the few that refuse what all of them refuse.

    Args:
        filtered: what a policy kept and rejected.
        passes: what programs do on the kept tests.
        trust: what `writers_trust` returned.
        questions: columns question_id, entry_point.
        min_tests: fewest tests of a question.
        max_tests: most tests of a question.

    Returns:
        The same tests, fewer of them kept.
    """
    entry_points = dict(questions.select("question_id", "entry_point").iter_rows())
    by_question = filtered.kept.sort("position").group_by("question_id", maintain_order=True)
    ordered = by_question.agg("test_id", "origin", "test")
    tests = dict(ordered.select("question_id", "test_id").iter_rows())
    is_mutant = pl.col("model") == MUTANT
    programs = outcome_matrices(passes.outcomes.filter(~is_mutant), tests)
    mutants = outcome_matrices(passes.outcomes.filter(is_mutant), tests)
    chosen: list[str] = []
    for question, ids, origins, written in ordered.iter_rows():
        expected = [_expected(test, entry_points[question]) for test in written]
        matrix = SuiteMatrix(programs[question], mutants[question], suite_fairness(origins, trust), expected)
        chosen += [ids[position] for position in strongest_suite(matrix, min_tests, max_tests)]
    is_chosen = pl.col("test_id").is_in(chosen)
    kept = filtered.kept.filter(is_chosen).sort("question_id", "position")
    kept = kept.with_columns(position=pl.int_range(pl.len()).over("question_id"))
    left_out = rejected_tests(filtered.kept.filter(~is_chosen), Reason.NOT_NEEDED)
    return FilteredTests(FILTERED_TESTS.conform(kept), pl.concat([filtered.rejected, left_out]))


def _expected(test: str, entry_point: str) -> str | None:
    found = split_test(test, entry_point)
    return None if found is None else value_key(found.expected)

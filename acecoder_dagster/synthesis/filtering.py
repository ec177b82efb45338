"""Which candidate tests are kept, by the verdicts of oracle programs."""

from dataclasses import dataclass

import polars as pl

from acecoder_dagster.tables import FILTERED_TESTS, REJECTED_ROWS

STAGE = "filtered_tests"


@dataclass(frozen=True)
class FilteredTests:
    """Kept tests and rejected ones; candidate tests = kept + rejected."""

    kept: pl.DataFrame
    rejected: pl.DataFrame


def filter_tests(candidates: pl.DataFrame, oracle_results: pl.DataFrame | None, min_tests: int) -> FilteredTests:
    """Keep the tests that an oracle program passes, and the questions that have enough of them.

    The paper's rule (section 3.1): one oracle program per question; its failed tests go, then questions with fewer
    than five tests left. Where a question has several oracle programs a test is kept if any passes it, as the released
    code does (consolidate_dataset.py).

    Args:
        candidates: columns of CANDIDATE_TESTS.
        oracle_results: columns of TEST_RESULTS, outcomes in the order of `position` of the candidate tests; None when
            the tests are trusted as they come.
        min_tests: questions with fewer kept tests lose them all.

    Returns:
        Kept tests (columns of FILTERED_TESTS, positions counted anew) and rejected ones with the oracle's outcome.
    """
    judged = candidates.with_columns(outcome=pl.lit("passed"))
    if oracle_results is not None:
        judged = candidates.join(_outcomes(oracle_results), on=["question_id", "position"], how="left")
    passed = judged.filter(pl.col("outcome") == "passed")
    enough = passed.filter(pl.len().over("question_id") >= min_tests)
    too_few = passed.join(enough, on="test_id", how="anti")
    kept = enough.sort("question_id", "position").with_columns(
        position=pl.int_range(pl.len()).over("question_id"),
    )
    failed = judged.filter(pl.col("outcome").is_null() | (pl.col("outcome") != "passed"))
    rejected = pl.concat(
        [
            _rejected(failed, pl.format("oracle: {}", pl.col("outcome").fill_null("no oracle program"))),
            _rejected(too_few, pl.lit(f"fewer than {min_tests} tests of its question are left")),
        ]
    )
    return FilteredTests(FILTERED_TESTS.conform(kept.select(list(FILTERED_TESTS.schema))), rejected)


def _outcomes(results: pl.DataFrame) -> pl.DataFrame:
    """One row per question and test position: passed if any oracle program passes, else an outcome of the first."""
    return (
        results.select(
            "question_id",
            "outcomes",
            position=pl.int_ranges(0, pl.col("outcomes").list.len()),
        )
        .explode("outcomes", "position")
        .group_by("question_id", "position", maintain_order=True)
        .agg(
            outcome=pl.when((pl.col("outcomes") == "passed").any())
            .then(pl.lit("passed"))
            .otherwise(pl.col("outcomes").first())
        )
        .filter(pl.col("position").is_not_null())
    )


def _rejected(tests: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    return tests.select(
        stage=pl.lit(STAGE),
        row_kind=pl.lit("test"),
        row_id="test_id",
        question_id="question_id",
        reason=reason,
        evidence=pl.col("test").str.slice(0, 500),
    ).cast(dict(REJECTED_ROWS.schema))  # type: ignore[arg-type]

"""What verdicts say about a program: whether it solves its question, and how it behaves on tests."""

import polars as pl

from acecoder_dagster.data.counting import UnsealedPasses, counted_results
from acecoder_dagster.data.tables import OFFICIAL


def solved_programs(results: pl.DataFrame, unsealed_passes: UnsealedPasses) -> pl.DataFrame:
    """Return which programs solve their question.

    A program solves its question when every kept test gives it a pass that counts; `unstable` is no pass. Programs with
    an outcome `judge_error` are left out: a failure of the judge is not a wrong answer.

    Args:
        results: Verdicts (`tables.TEST_RESULTS` or `tables.POLICY_RESULTS`).
        unsealed_passes: Whether passes that are not sealed count.

    Returns:
        Columns program_id, question_id, solved, pass_rate, tests_passed and passed_unsealed.
    """
    solved = pl.col("tests_passed") == pl.col("tests_kept")
    return _judged(counted_results(results, unsealed_passes)).select(
        "program_id", "question_id", "pass_rate", "tests_passed", "passed_unsealed", solved=solved
    )


def observed_programs(results: pl.DataFrame, tests: pl.DataFrame, unsealed_passes: UnsealedPasses) -> pl.DataFrame:
    """Return which programs solve their question, and what can be observed of them without knowing that.

    Where a question has official tests and others, the official tests decide what is right. The others, which a model
    can write for any question, are what programs may be chosen by. Where all tests are of one kind, all decide.

    Args:
        results: Verdicts (`tables.TEST_RESULTS`).
        tests: Kept tests (`tables.FILTERED_TESTS`).
        unsealed_passes: Whether passes that are not sealed count.

    Returns:
        Columns program_id, question_id, solved, generated_passed and behaviour. generated_passed is the number of
        passed tests among those that do not decide, null where all decide. behaviour is the outcomes on those tests
        (on all tests where all decide), null where no test got a value from the program.
    """
    official = tests.sort("position").group_by("question_id").agg(official=pl.col("origin") == OFFICIAL)
    some, every = pl.col("official").list.any(), pl.col("official").list.all()
    other = pl.col("mixed") & ~pl.col("official")
    seen = pl.col("outcomes").filter(other | ~pl.col("mixed"))
    return (
        _judged(counted_results(results, unsealed_passes))
        .join(official.with_columns(mixed=some & ~every), on="question_id", how="left")
        .explode("outcomes", "passed", "official")
        .group_by("program_id", "question_id")
        .agg(
            solved=pl.col("passed").filter(~other).all(),
            generated_passed=pl.when(pl.col("mixed").first()).then(pl.col("passed").filter(other).sum()),
            behaviour=pl.when(seen.is_in(["passed", "failed"]).any()).then(seen.str.join(" ")),
        )
        .sort("question_id", "program_id")
    )


def _judged(results: pl.DataFrame) -> pl.DataFrame:
    judged = (pl.col("verdict") == "passed") | ~pl.col("outcomes").list.contains("judge_error")
    return results.filter(judged & (pl.col("tests_kept") > 0))

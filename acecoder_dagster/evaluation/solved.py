"""From verdicts to what is evaluated: whether a program solves its question, and what else its tests say."""

import polars as pl

from acecoder_dagster.data.tables import OFFICIAL


def solved_programs(results: pl.DataFrame) -> pl.DataFrame:
    """Return program_id, question_id and `solved` of the programs that the judge could judge.

    A program solves its question when it passes every kept test. `unstable` is not passed. Programs with an outcome
    `judge_error` are left out: the judge's failure is nobody's wrong answer.

    Args:
        results: Verdicts (`tables.TEST_RESULTS` or `tables.POLICY_RESULTS`).
    """
    return _judged(results).select("program_id", "question_id", solved=pl.col("tests_passed") == pl.col("tests_kept"))


def observed_programs(results: pl.DataFrame, tests: pl.DataFrame) -> pl.DataFrame:
    """Return the programs that the judge could judge, with what can be seen of them without the right answer.

    Where a question has official tests and others, the official ones decide what is right and the others (written by
    models, so at hand for any question) are what can be run to choose. Else all tests decide.

    Args:
        results: Verdicts (`tables.TEST_RESULTS`).
        tests: Kept tests (`tables.FILTERED_TESTS`).

    Returns:
        Columns program_id, question_id, solved; generated_passed: how many of the tests that do not decide it passes,
        null where all decide; behaviour: its outcomes on those tests (on all where all decide), null where none of
        them got a value out of the program.
    """
    official = tests.sort("position").group_by("question_id").agg(official=pl.col("origin") == OFFICIAL)
    some, every = pl.col("official").list.any(), pl.col("official").list.all()
    other = pl.col("mixed") & ~pl.col("official")
    seen = pl.col("outcomes").filter(other | ~pl.col("mixed"))
    return (
        _judged(results)
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

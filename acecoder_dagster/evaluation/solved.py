"""From verdicts to the one thing that is evaluated: whether a program solves its question."""

import polars as pl


def solved_programs(results: pl.DataFrame) -> pl.DataFrame:
    """Return program_id, question_id and `solved` of the programs that the judge could judge.

    A program solves its question when it passes every kept test. `unstable` is not passed. Programs with an outcome
    `judge_error` are left out: the judge's failure is nobody's wrong answer.

    Args:
        results: Verdicts (`tables.TEST_RESULTS` or `tables.POLICY_RESULTS`).
    """
    judged = (pl.col("verdict") == "passed") | ~pl.col("outcomes").list.contains("judge_error")
    return results.filter(judged & (pl.col("tests_kept") > 0)).select(
        "program_id", "question_id", solved=pl.col("tests_passed") == pl.col("tests_kept")
    )

"""The judge as reward function: programs of a rollout in, pass rates out, keyed by question id."""

from collections.abc import Callable, Sequence

import polars as pl

from acecoder_dagster.sandbox import Judge, Outcome, ProgramJob, QuestionTests

PassRates = Callable[[Sequence[tuple[str, str]]], list[float | None]]


def pass_rates_by_question(judge: Judge, questions: pl.DataFrame) -> PassRates:
    """Return a function from (question_id, program) to pass rates.

    Args:
        judge: an open judge.
        questions: columns question_id, entry_point, setup_code, tests.

    Returns:
        A function that gives one pass rate per program, in order; None where the judge reached no verdict, which is
        no reward, not a zero one.
    """
    tests = {
        row["question_id"]: QuestionTests(
            row["question_id"], row["entry_point"], row["setup_code"], tuple(row["tests"])
        )
        for row in questions.iter_rows(named=True)
    }

    def pass_rates(programs: Sequence[tuple[str, str]]) -> list[float | None]:
        jobs = (
            ProgramJob(tests[question_id], str(number), program)
            for number, (question_id, program) in enumerate(programs)
        )
        rates: list[float | None] = [None] * len(programs)
        for verdict in judge.judge(jobs):
            if Outcome.JUDGE_ERROR not in verdict.outcomes:
                rates[int(verdict.program_id)] = verdict.pass_rate
        return rates

    return pass_rates

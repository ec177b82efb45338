"""The judge as reward function: programs of a rollout in, pass rates out, keyed by question id."""

from collections.abc import Callable, Sequence

import polars as pl

from acecoder_dagster.sandbox import Judge, Outcome, ProgramJob
from acecoder_dagster.test_rows import question_from_rows

PassRates = Callable[[Sequence[tuple[str, str]]], list[float | None]]


def pass_rates_by_question(judge: Judge, questions: pl.DataFrame) -> PassRates:
    """Return a function from (question_id, program) to pass rates.

    Args:
        judge: an open judge.
        questions: columns question_id, entry_point, setup_code, kind and tests (see `question_from_rows`).

    Returns:
        A function that gives one pass rate per program, in order; None where the judge reached no verdict, which is
        no reward, not a zero one.
    """
    columns = questions.select("question_id", "entry_point", "setup_code", "kind", "tests")
    tests = {row[0]: question_from_rows(*row) for row in columns.iter_rows()}

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

"""Running trusted programs on arguments to see what they return."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.sandbox import CallJob, Judge


@dataclass(frozen=True)
class ObservedCall:
    """One call of a question's function by a trusted program, and what came of it.

    `value` is a plain Python value; `error` is the reason why there is none, else None.
    """

    question_id: str
    call: str
    value: object
    error: str | None


def observe_calls(judge: Judge, questions: pl.DataFrame, advance: Callable[[int], None]) -> Iterator[ObservedCall]:
    """Run each question's reference program on its argument lists.

    Args:
        judge: an open judge.
        questions: columns question_id, entry_point, setup_code, reference_program, argument_texts.
        advance: called with the number of questions done.

    Yields:
        One observation per argument list, in order.
    """
    jobs = (
        CallJob(
            job_id=row["question_id"],
            program=row["reference_program"],
            setup_code=row["setup_code"],
            calls=tuple(f"{row['entry_point']}({arguments})" for arguments in row["argument_texts"]),
        )
        for row in questions.iter_rows(named=True)
    )
    for job_id, observations in judge.observe(jobs):
        advance(1)
        for seen in observations:
            error = f"{seen.error}: {seen.message}" if seen.error else None
            yield ObservedCall(job_id, seen.call, seen.value, error)

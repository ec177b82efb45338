"""Runs trusted programs on arguments to see what they return."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.judge import Judge, Observation, Outcome


@dataclass(frozen=True)
class ObservedCall:
    """One call of a question's function by a trusted program, and what came of it.

    Attributes:
        question_id: the question.
        call: source of the call.
        value: what it gave, a plain Python value; None where there is a reason.
        reason: why the value cannot be expected by a test; None where it can.
        evidence: what was seen, where there is a reason.
    """

    question_id: str
    call: str
    value: object
    reason: Reason | None = None
    evidence: str = ""


def failure(seen: Observation) -> tuple[Reason, str] | None:
    """Return why a call gave no value, and what was seen; None where it gave one."""
    if not seen.error:
        return None
    stopped = seen.error in list(Outcome)
    return Reason.CALL_STOPPED if stopped else Reason.CALL_RAISED, f"{seen.error}: {seen.message}"


def observe_calls(judge: Judge, questions: pl.DataFrame, advance: Callable[[int], None]) -> Iterator[ObservedCall]:
    """Run each question's reference program on its argument lists.

    Args:
        judge: an open judge.
        questions: columns question_id, entry_point, setup_code, reference_program, argument_texts.
        advance: called with the number of questions done.

    Yields:
        One observation per argument list, in order.
    """
    with ThreadPoolExecutor(judge.workers) as threads:
        for question, observations in threads.map(lambda row: _observe(judge, row), questions.iter_rows(named=True)):
            advance(1)
            for seen in observations:
                yield ObservedCall(question, seen.call, seen.value, *(failure(seen) or ()))


def _observe(judge: Judge, row: dict[str, Any]) -> tuple[str, list[Observation]]:
    calls = [f"{row['entry_point']}({arguments})" for arguments in row["argument_texts"]]
    return row["question_id"], judge.observe(row["reference_program"], row["setup_code"], calls)

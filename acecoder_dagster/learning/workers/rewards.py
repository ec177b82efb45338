"""The judge as reward function: programs of a rollout in, judgements out, keyed by question id, never by text."""

import logging
import time
from collections.abc import Iterable, Iterator

import polars as pl

from acecoder_dagster.data.tests_as_rows import question_from_rows
from acecoder_dagster.judge import Judge, Outcome, ProgramJob, SandboxUnavailableError, Verdict
from acecoder_dagster.learning.policy.rewards import UNDECIDED, Judgement, JudgePrograms, ProgramOfQuestion

OUTAGE_SECONDS = 10.0
"""Between two tries to reach sandboxes that have become unavailable."""

_log = logging.getLogger(__name__)


def judge_by_question(judge: Judge, questions: pl.DataFrame, outage_seconds: float = OUTAGE_SECONDS) -> JudgePrograms:
    """Return a function that judges a stream of (question_id, program) and yields judgements as they are known.

    While no sandbox can be had any more (the engine is down) it waits and tries again: training stands still, and no
    reward is invented. Where none could be had from the start, it says so instead.

    Args:
        judge: an open judge.
        questions: columns question_id, entry_point, setup_code, kind and tests (see `question_from_rows`), and
            official: one boolean per test.
        outage_seconds: between two tries to reach sandboxes.

    Returns:
        A function whose judgements have no pass rate where the judge reached no verdict, which is no reward, not a
        zero one.
    """
    columns = questions.select("question_id", "entry_point", "setup_code", "kind", "tests")
    tests = {row[0]: question_from_rows(*row) for row in columns.iter_rows()}
    has_worked = False
    official = dict(questions.select("question_id", "official").iter_rows())

    def judge_programs(programs: Iterable[ProgramOfQuestion]) -> Iterator[tuple[ProgramOfQuestion, Judgement]]:
        coming = iter(programs)
        unanswered: dict[str, ProgramOfQuestion] = {}
        asked = 0
        nonlocal has_worked

        def jobs(again: dict[str, ProgramOfQuestion]) -> Iterator[ProgramJob]:
            nonlocal asked
            for number, (question_id, program) in again.items():
                yield ProgramJob(tests[question_id], number, program)
            for question_id, program in coming:
                asked += 1
                unanswered[str(asked)] = (question_id, program)
                yield ProgramJob(tests[question_id], str(asked), program)

        while True:
            try:
                for verdict in judge.judge(jobs(dict(unanswered))):
                    has_worked = True
                    pair = unanswered.pop(verdict.program_id)
                    yield pair, _judgement(verdict, official[pair[0]])
            except SandboxUnavailableError as error:
                if not has_worked:
                    raise
                _log.warning("training waits, %d programs are not judged: %s", len(unanswered), error)
                time.sleep(outage_seconds)
            else:
                return

    return judge_programs


def _judgement(verdict: Verdict, official: list[bool]) -> Judgement:
    if Outcome.JUDGE_ERROR in verdict.outcomes:
        return UNDECIDED
    of_official = [passed for passed, is_official in zip(verdict.passed, official, strict=True) if is_official]
    return Judgement(
        pass_rate=verdict.pass_rate,
        official_pass_rate=sum(of_official) / len(of_official) if of_official else None,
        outcomes=tuple(str(outcome) for outcome in verdict.outcomes),
    )

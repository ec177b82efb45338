"""The judge as the source of rewards: it takes programs with the id of their question and gives judgements."""

import logging
import time
from collections.abc import Iterable, Iterator

import polars as pl

from acecoder_dagster.data.counting import REFUSE, UnsealedPasses, counted_passes
from acecoder_dagster.data.tests_as_rows import question_from_rows
from acecoder_dagster.judge import Judge, Outcome, ProgramJob, SandboxUnavailableError, Verdict
from acecoder_dagster.learning.policy.rewards import UNDECIDED, Judgement, JudgePrograms, ProgramOfQuestion

SECONDS_BETWEEN_TRIES = 10.0
"""While no sandbox can be started, the judge is tried again after this time."""

_log = logging.getLogger(__name__)


def judge_by_question(
    judge: Judge,
    questions: pl.DataFrame,
    unsealed_passes: UnsealedPasses = REFUSE,
    seconds_between_tries: float = SECONDS_BETWEEN_TRIES,
) -> JudgePrograms:
    """Return a function that judges (question_id, program) as they come and yields each judgement once it is known.

    When sandboxes can no longer be started (the Docker engine went down), the function waits and tries again, and
    training stands still. When none could be started from the beginning, it raises the judge's error at once.

    Args:
        judge: An open judge.
        questions: Columns question_id, entry_point, setup_code, kind and tests (see `question_from_rows`), and
            official: one boolean per test.
        unsealed_passes: Whether passes that are not sealed count in pass rates.
        seconds_between_tries: How long to wait before sandboxes are tried again.

    Returns:
        The function. A judgement has no pass rate where the judge reached no verdict: that is no reward, not a reward
        of zero.

    Raises:
        SandboxUnavailableError: By the function, when no sandbox could ever be started.
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
                    yield pair, _judgement(verdict, official[pair[0]], unsealed_passes)
            except SandboxUnavailableError as error:
                if not has_worked:
                    raise
                _log.warning("Training waits for sandboxes, %d programs are not judged yet: %s", len(unanswered), error)
                time.sleep(seconds_between_tries)
            else:
                return

    return judge_programs


def _judgement(verdict: Verdict, official: list[bool], unsealed_passes: UnsealedPasses) -> Judgement:
    if Outcome.JUDGE_ERROR in verdict.outcomes:
        return UNDECIDED
    counted = counted_passes(verdict, unsealed_passes)
    of_official = [passed for passed, is_official in zip(counted, official, strict=True) if is_official]
    return Judgement(
        pass_rate=sum(counted) / len(counted),
        official_pass_rate=sum(of_official) / len(of_official) if of_official else None,
        outcomes=tuple(str(outcome) for outcome in verdict.outcomes),
        sealed=verdict.sealed,
    )

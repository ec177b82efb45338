"""Workers that wait instead of judging: a node whose sandboxes take no processor time of this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future

from acecoder_dagster.judge import NodeSpeed, Observation, Outcome, QuestionTests, SandboxSettings, Verdict
from acecoder_dagster.judge.run.tasks import Judged

TESTS = tuple(f"assert solve({number}) == {number * number}" for number in range(16))


class WaitingWorkers:
    """Says of every program that it passed, after a wait; for `judge.run.workers.Workers`."""

    name = "waiting"
    identity = ("waiting",)
    size = 1
    groups_at_once = 3

    def __init__(self, seconds: float, settings: SandboxSettings) -> None:
        """Start nothing.

        Args:
            seconds: how long each program takes.
            settings: count for nothing.
        """
        self._seconds = seconds

    def judge_programs(self, question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> Future[Judged]:
        """Wait for each program, and let it pass."""
        time.sleep(self._seconds * len(programs))
        done: Future[Judged] = Future()
        done.set_result(Judged({(question, program): _passed(question) for program in programs}, []))
        return done

    def observe_calls(self, program: str, setup_code: str, calls: Sequence[str]) -> Future[list[Observation]]:
        """Not asked here.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError

    def take_speeds(self) -> list[NodeSpeed]:
        """Return nothing: this is one node."""
        return []

    def close(self) -> None:
        """There is nothing to end."""


def _passed(question: QuestionTests) -> Verdict:
    tests = len(question.tests)
    return Verdict(
        question_id=question.question_id,
        program_id="",
        verdict=Outcome.PASSED,
        outcomes=(Outcome.PASSED,) * tests,
        passed=(True,) * tests,
        pass_rate=1.0,
        sealed=(True,) * tests,
        cpu_ms=2.5,
        wall_ms=2.5,
        peak_mb=20.0,
        message="",
    )

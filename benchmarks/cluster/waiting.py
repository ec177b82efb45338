"""Workers that wait instead of judging: a node whose sandboxes take no processor time of this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future

from acecoder_dagster.judge import NodeSpeed, Observation, Outcome, QuestionTests, SandboxSettings, Verdict
from acecoder_dagster.judge.run.tasks import Judged

TESTS = tuple(f"assert solve({number}) == {number * number}" for number in range(16))


def waiting_question(number: int, seconds: float) -> QuestionTests:
    """Return a question whose programs take a worker so long, each."""
    return QuestionTests(f"{number} {seconds}", "solve", "", TESTS)


def wait_of(question: QuestionTests) -> float:
    """Return how long each program of a question takes, in seconds."""
    return float(question.question_id.split()[1])


class WaitingWorkers:
    """Says of every program that it passed, after a wait; for `judge.run.workers.Workers`."""

    name = "waiting"
    identity = ("waiting",)
    size = 1
    groups_at_once = 3

    def __init__(self, settings: SandboxSettings) -> None:
        """Start nothing; the settings count for nothing."""

    def judge_programs(self, question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> Future[Judged]:
        """Wait for each program as long as its question says, and let it pass."""
        time.sleep(wait_of(question) * len(programs))
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

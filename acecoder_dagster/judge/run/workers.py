"""What judges programs for a `Judge`: workers of this machine, or of a cluster."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from acecoder_dagster.judge.launch.choosing import PatientLauncher, choose_launcher
from acecoder_dagster.judge.plan.planning import plan_question
from acecoder_dagster.judge.run.tasks import Judged, JudgePrograms, ObserveCalls
from acecoder_dagster.judge.run.threads import WorkerThreads
from acecoder_dagster.judge.run.worker import Worker
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import NodeSpeed, Observation, QuestionTests

MAX_PLANS = 256
GROUPS_PER_WORKER = 3
"""Under way or waiting: a worker that becomes free finds its next group there."""


class Workers(Protocol):
    """A number of workers, and the tasks that wait for them.

    Attributes:
        name: what starts the sandboxes, for people.
        identity: names what programs see in the sandboxes, as `sandbox.Launcher` has it.
        size: how many there are now.
        groups_at_once: how many groups of programs should be under way, so that no worker waits for one.
    """

    @property
    def name(self) -> str:
        """What starts the sandboxes, for people."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What programs see in the sandboxes."""

    @property
    def size(self) -> int:
        """How many workers there are now."""

    @property
    def groups_at_once(self) -> int:
        """How many groups should be under way."""

    def judge_programs(self, question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> Future[Judged]:
        """Have programs of one question judged.

        Args:
            question: the question.
            programs: Python source, each program once.
            in_hurry: whether programs that take long are postponed.

        Raises:
            JudgeClosedError: `close` was called.
        """

    def observe_calls(self, program: str, setup_code: str, calls: Sequence[str]) -> Future[list[Observation]]:
        """Have calls of one program evaluated; arguments as those of `Judge.observe`.

        Raises:
            JudgeClosedError: `close` was called.
        """

    def take_speeds(self) -> list[NodeSpeed]:
        """Return what each node of a cluster did since this was asked last; nothing where there is no cluster."""

    def close(self) -> None:
        """End all tasks and all sandboxes at once."""


class LocalWorkers:
    """Workers on this machine, each a thread with sandboxes of its own."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Find a way to start sandboxes; none is started yet.

        Raises:
            SandboxUnavailableError: there is no way; the message says what to install.
        """
        self._settings = settings
        self._launcher = PatientLauncher(choose_launcher(settings))
        self._threads = WorkerThreads(settings.workers, lambda: Worker(self._launcher, settings))
        self._plan = functools.lru_cache(maxsize=MAX_PLANS)(plan_question)

    @property
    def name(self) -> str:
        """Service, docker, bubblewrap or bundled bubblewrap."""
        return self._launcher.name

    @property
    def identity(self) -> tuple[str, ...]:
        """The kind of sandbox, and an image, or an interpreter and packages."""
        return self._launcher.identity

    @property
    def size(self) -> int:
        """The setting `workers`."""
        return self._settings.workers

    @property
    def groups_at_once(self) -> int:
        """Three for each worker."""
        return self.size * GROUPS_PER_WORKER

    def judge_programs(self, question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> Future[Judged]:
        """Have programs of one question judged, see `Workers`."""
        return self._threads.submit(JudgePrograms(question, programs, self._plan, self._settings, in_hurry))

    def observe_calls(self, program: str, setup_code: str, calls: Sequence[str]) -> Future[list[Observation]]:
        """Have calls of one program evaluated, see `Workers`."""
        return self._threads.submit(ObserveCalls(program, setup_code, calls, self._settings))

    def take_speeds(self) -> list[NodeSpeed]:
        """Return nothing: there is no cluster."""
        return []

    def close(self) -> None:
        """End all sandboxes at once, and return when nothing of them is left."""
        self._launcher.close()
        self._threads.close()

"""One sandbox that is kept running: it always has its next job waiting, so that it never waits for the host."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence

from acecoder_dagster.judge.guest import metering, zygote
from acecoder_dagster.judge.run.program_run import MAX_REASON_CHARACTERS, ProgramRun
from acecoder_dagster.judge.sandbox import Completion, Launcher, Sandbox
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Description, JudgeClosedError, Outcome, SandboxFailedError

JOBS_SENT_AHEAD = 2  # the sandbox finds its next job waiting while the host looks at the last one

_log = logging.getLogger(__name__)
_RunFrom = tuple[ProgramRun, int]
"""A program, and the step to begin with."""


class SentPrograms:
    """Programs of one question that are sent to a sandbox together.

    Attributes:
        to_run_again: once the sandbox has answered: programs that are to be run once more, and from which step on.
        is_answered: whether the sandbox has answered, or will not.
    """

    def __init__(self, runs: Sequence[ProgramRun]) -> None:
        """Send nothing yet.

        Args:
            runs: the programs.
        """
        self.to_run_again: list[_RunFrom] = []
        self.is_answered = False
        self._runs = runs

    def send(self, sandbox: Sandbox) -> None:
        """Send them to a sandbox.

        Raises:
            SandboxFailedError: the sandbox is gone.
        """
        contents = [run.content for run in self._runs]
        steps = len(self._runs[0].outcomes)
        if len(contents) > 1:
            sandbox.send_programs(contents, steps)
        else:
            sandbox.send_job(contents[0], 0, steps, zygote.JUDGE, in_hurry=True)

    def take_in(self, completions: Sequence[Completion]) -> None:
        """Take in how the sandbox ended with each of them; several were compiled first, by a job of its own."""
        of_programs = completions if len(self._runs) == 1 else completions[1:]
        for run, completion in zip(self._runs, of_programs, strict=False):
            next_step = _take_in(run, completion, 0)
            if next_step is not None:
                self.to_run_again.append((run, next_step))
        self._end(answered=len(of_programs))

    def give_up(self) -> None:
        """Take in that the sandbox is gone: nobody knows by whose fault, so each is to be run alone in another one."""
        self._end(answered=0)

    def _end(self, answered: int) -> None:
        self.to_run_again += ((run, 0) for run in self._runs[answered:])
        self.is_answered = True


class KeptSandbox:
    """A sandbox that is started when it is needed, and replaced when it breaks; one thread may use it at a time."""

    def __init__(self, launcher: Launcher, settings: SandboxSettings, is_scientific: bool) -> None:
        """Start nothing yet.

        Args:
            launcher: starts the sandbox.
            settings: says how often a program is tried again in a fresh sandbox.
            is_scientific: whether the sandbox loads the scientific packages before it is ready.
        """
        self._launcher = launcher
        self._is_scientific = is_scientific
        self.retries = settings.retries
        self._sandbox: Sandbox | None = None
        self._is_interrupted = False
        self._unanswered: deque[SentPrograms] = deque()

    def begin(self, description: Description, runs: Sequence[ProgramRun]) -> list[SentPrograms]:
        """Send programs to the sandbox, in a hurry, without waiting for an answer.

        Args:
            description: the question.
            runs: the programs.

        Returns:
            What `finish` takes.
        """
        parts = range(0, len(runs), zygote.MAX_PROGRAMS)
        begun = [SentPrograms(runs[start : start + zygote.MAX_PROGRAMS]) for start in parts]
        for programs in begun:
            try:
                programs.send(self._started(description))
                self._unanswered.append(programs)
            except SandboxFailedError as error:
                self._replace(error)
                programs.give_up()
            except BaseException:
                self.close()
                raise
        return begun

    def finish(self, description: Description, begun: Sequence[SentPrograms]) -> None:
        """Wait until all steps of programs are known, or they are postponed.

        Args:
            description: the question.
            begun: from `begin`.
        """
        for programs in begun:
            while not programs.is_answered:
                self._receive()
            self.run_to_end(description, programs.to_run_again, zygote.JUDGE, in_hurry=True)

    def run_to_end(self, description: Description, jobs: Iterable[_RunFrom], kind: bytes, in_hurry: bool) -> None:
        """Run programs, or comparisons, until all their steps are known, or they are postponed.

        Args:
            description: the question.
            jobs: what to run, and from which step on.
            kind: the zygote's word for such a job.
            in_hurry: whether to postpone those that take long.
        """
        waiting = deque(jobs)
        sent: deque[_RunFrom] = deque()
        while waiting or sent:
            try:
                sandbox = self.ready(description)
                while waiting and len(sent) < JOBS_SENT_AHEAD:
                    run, first = waiting[0]
                    sandbox.send_job(run.content, first, len(run.outcomes), kind, in_hurry)
                    sent.append(waiting.popleft())
                completion = sandbox.receive()
                run, first = sent.popleft()
                next_step = _take_in(run, completion, first)
                if next_step is not None:
                    waiting.appendleft((run, next_step))
                if not completion.clean:
                    self._put_back(waiting, sent)
            except SandboxFailedError as error:
                self._replace(error)
                queue = sent or waiting
                if self._is_given_up(*queue[0], error):
                    queue.popleft()
                self._put_back(waiting, sent)
            except BaseException:
                # What is still under way would be taken for the answer to what is asked next.
                self.close()
                raise

    def ready(self, description: Description) -> Sandbox:
        """Return the sandbox when it has answered everything and knows a question; started if there is none."""
        while self._unanswered:
            self._receive()
        return self._started(description)

    def interrupt(self) -> None:
        """Stop what another thread is doing with this sandbox."""
        self._is_interrupted = True
        if (sandbox := self._sandbox) is not None:
            sandbox.interrupt()

    def close(self) -> None:
        """End the sandbox, if there is one."""
        while self._unanswered:
            self._unanswered.popleft().give_up()
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def _started(self, description: Description) -> Sandbox:
        if self._is_interrupted:
            raise JudgeClosedError("the judge was closed")
        if self._sandbox is None:
            self._sandbox = self._launcher.start(self._is_scientific)
        self._sandbox.send_question(description)
        return self._sandbox

    def _receive(self) -> None:
        """Wait for the oldest answer about programs that were sent together."""
        assert self._sandbox is not None  # `close` leaves nothing unanswered
        try:
            completions = self._sandbox.receive_programs()
        except SandboxFailedError as error:
            self._replace(error)
            return
        except BaseException:
            self.close()
            raise
        self._unanswered.popleft().take_in(completions)
        if not completions[-1].clean:
            self.close()

    def _is_given_up(self, run: ProgramRun, first: int, error: Exception) -> bool:
        """Count a failure against a program; one that failed too often gets no verdict."""
        run.failures += 1
        if run.failures > self.retries:
            run.settle(first, Outcome.JUDGE_ERROR, str(error)[:MAX_REASON_CHARACTERS])
        return run.failures > self.retries

    def _put_back(self, waiting: deque[_RunFrom], sent: deque[_RunFrom]) -> None:
        """End the sandbox, and let what it was sent wait again."""
        waiting.extendleft(reversed(sent))
        sent.clear()
        self.close()

    def _replace(self, error: Exception) -> None:
        _log.warning("a sandbox failed and is replaced: %s", error)
        self.close()


def _take_in(run: ProgramRun, completion: Completion, first: int) -> int | None:
    """Take in how a child ended that began with step `first`; return the step to go on at, if any."""
    run.is_postponed = completion.stopped_for == metering.HURRY
    return None if run.is_postponed else run.absorb(completion, first)

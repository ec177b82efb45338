"""One sandbox that is kept going: jobs are queued, so that it never waits for the host."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence

from acecoder_dagster.judge.guest import metering, zygote
from acecoder_dagster.judge.run.program_run import MAX_REASON_CHARACTERS, Run
from acecoder_dagster.judge.sandbox import Completion, Launcher, Sandbox
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Description, JudgeClosedError, Outcome, SandboxFailedError

PIPELINE_DEPTH = 2  # the sandbox finds its next job waiting while the host looks at the last one

_log = logging.getLogger(__name__)
_Waiting = tuple[Run, int]  # a program, and the step to begin with


class Batch:
    """Programs that a sandbox is given together.

    Attributes:
        left: those that are to be run once more, and from which step on.
        is_ended: whether the sandbox has answered, or will not.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.left: list[_Waiting] = []
        self.is_ended = False
        self._runs = runs

    def send(self, sandbox: Sandbox) -> None:
        """Give them to a sandbox.

        Raises:
            SandboxFailedError: it is gone.
        """
        contents = [run.content for run in self._runs]
        steps = len(self._runs[0].outcomes)
        if len(contents) > 1:
            sandbox.send_programs(contents, steps)
        else:
            sandbox.send_job(contents[0], 0, steps, zygote.JUDGE, in_hurry=True)

    def take(self, completions: Sequence[Completion]) -> None:
        """Take in how the sandbox ended with each, after how it ended with compiling several."""
        of_programs = completions if len(self._runs) == 1 else completions[1:]
        for run, completion in zip(self._runs, of_programs, strict=False):
            going_on_at = _absorb(run, completion, 0)
            if going_on_at is not None:
                self.left.append((run, going_on_at))
        self._end(len(of_programs))

    def give_up(self) -> None:
        """The sandbox is gone: nobody knows by whose fault, but each is to be run alone in another one."""
        self._end(0)

    def _end(self, answered: int) -> None:
        self.left += ((run, 0) for run in self._runs[answered:])
        self.is_ended = True


class Lane:
    """One sandbox, started on demand and replaced when it breaks; not to be shared between threads."""

    def __init__(self, launcher: Launcher, settings: SandboxSettings, scientific: bool) -> None:
        self._launcher = launcher
        self._scientific = scientific
        self.retries = settings.retries
        self._sandbox: Sandbox | None = None
        self._interrupted = False
        self._batches: deque[Batch] = deque()

    def begin(self, description: Description, runs: Sequence[Run]) -> list[Batch]:
        """Give programs to the sandbox, in a hurry, without waiting for anything.

        Args:
            description: the question.
            runs: the programs, packed.

        Returns:
            What `finish` takes.
        """
        parts = range(0, len(runs), zygote.MAX_PROGRAMS)
        begun = [Batch(runs[start : start + zygote.MAX_PROGRAMS]) for start in parts]
        for batch in begun:
            try:
                batch.send(self._started(description))
                self._batches.append(batch)
            except SandboxFailedError as error:
                self._replace(error)
                batch.give_up()
            except BaseException:
                self.close()
                raise
        return begun

    def finish(self, description: Description, begun: Sequence[Batch]) -> None:
        """Wait until all steps of programs are known, or they are postponed.

        Args:
            description: the question.
            begun: from `begin`.
        """
        for batch in begun:
            while not batch.is_ended:
                self._receive()
            self.perform(description, batch.left, zygote.JUDGE, in_hurry=True)

    def perform(self, description: Description, jobs: Iterable[_Waiting], kind: bytes, in_hurry: bool) -> None:
        """Send every run through the sandbox until all its steps are known, or it is postponed."""
        waiting = deque(jobs)
        sent: deque[_Waiting] = deque()
        while waiting or sent:
            try:
                sandbox = self.ready(description)
                while waiting and len(sent) < PIPELINE_DEPTH:
                    run, first = waiting[0]
                    sandbox.send_job(run.content, first, len(run.outcomes), kind, in_hurry)
                    sent.append(waiting.popleft())
                completion = sandbox.receive()
                run, first = sent.popleft()
                going_on_at = _absorb(run, completion, first)
                if going_on_at is not None:
                    waiting.appendleft((run, going_on_at))
                if not completion.clean:
                    self._give_back(waiting, sent)
            except SandboxFailedError as error:
                self._replace(error)
                queue = sent or waiting
                if self._is_given_up(*queue[0], error):
                    queue.popleft()
                self._give_back(waiting, sent)
            except BaseException:
                # What is still under way would be taken for the answer to what is asked next.
                self.close()
                raise

    def close(self) -> None:
        """End the sandbox, if there is one."""
        while self._batches:
            self._batches.popleft().give_up()
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def interrupt(self) -> None:
        """Stop what another thread is doing with this lane."""
        self._interrupted = True
        if (sandbox := self._sandbox) is not None:
            sandbox.interrupt()

    def ready(self, description: Description) -> Sandbox:
        """A sandbox that knows a question, and has answered everything; started if there is none."""
        while self._batches:
            self._receive()
        return self._started(description)

    def _started(self, description: Description) -> Sandbox:
        if self._interrupted:
            raise JudgeClosedError("the judge was closed")
        if self._sandbox is None:
            self._sandbox = self._launcher.start(self._scientific)
        self._sandbox.send_question(description)
        return self._sandbox

    def _receive(self) -> None:
        """Wait for the oldest answer about programs that were given together."""
        assert self._sandbox is not None  # it goes only with what it was given
        try:
            completions = self._sandbox.receive_programs()
        except SandboxFailedError as error:
            self._replace(error)
            return
        except BaseException:
            self.close()
            raise
        self._batches.popleft().take(completions)
        if not completions[-1].clean:
            self.close()

    def _is_given_up(self, run: Run, first: int, error: Exception) -> bool:
        """Count a failure against a program; one that failed too often gets no verdict."""
        run.failures += 1
        if run.failures > self.retries:
            run.settle(first, Outcome.JUDGE_ERROR, str(error)[:MAX_REASON_CHARACTERS])
        return run.failures > self.retries

    def _give_back(self, waiting: deque[_Waiting], sent: deque[_Waiting]) -> None:
        waiting.extendleft(reversed(sent))
        sent.clear()
        self.close()

    def _replace(self, error: Exception) -> None:
        _log.warning("a sandbox failed and is replaced: %s", error)
        self.close()


def _absorb(run: Run, completion: Completion, first: int) -> int | None:
    """Take in how a child that began with step `first` ended; return the step to go on at, if any."""
    run.is_postponed = completion.stopped_for == metering.HURRY
    return None if run.is_postponed else run.absorb(completion, first)

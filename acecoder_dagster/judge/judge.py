"""The public door of the judge."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from types import TracebackType

from acecoder_dagster.judge.guest.encoding import decode_values
from acecoder_dagster.judge.launch.choosing import PatientLauncher, choose_launcher
from acecoder_dagster.judge.plan.planning import QuestionPlan, plan_calls, plan_question
from acecoder_dagster.judge.run.program_run import TAMPERED, Run
from acecoder_dagster.judge.run.threads import Crew, Steps
from acecoder_dagster.judge.run.verdict_stream import Judged, Key, VerdictStream
from acecoder_dagster.judge.run.worker import Worker
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Description, Observation, Outcome, ProgramJob, QuestionTests, Verdict

MAX_PLANS = 256


class Judge:
    """Judges programs in sandboxes; use it as a context manager.

    Every worker is a thread with sandboxes of its own, started when first needed and kept until `close`. All
    methods may be called from several threads.
    """

    def __init__(self, settings: SandboxSettings | None = None) -> None:
        """Find a way to start sandboxes.

        Args:
            settings: where and how; the defaults suit one machine.

        Raises:
            SandboxUnavailableError: there is none; the message says what to install.
        """
        self.settings = settings or SandboxSettings()
        self._launcher = PatientLauncher(choose_launcher(self.settings))
        self._crew = Crew(self.settings.workers, lambda: Worker(self._launcher, self.settings))
        self._plan = functools.lru_cache(maxsize=MAX_PLANS)(plan_question)

    @property
    def launcher_name(self) -> str:
        """What starts the sandboxes: service, docker, bubblewrap or bundled bubblewrap."""
        return self._launcher.name

    @property
    def sandbox_identity(self) -> tuple[str, ...]:
        """The kind of sandbox, and what programs see in it: an image, or an interpreter and packages."""
        return self._launcher.identity

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all sandboxes, at once; nothing of them is left afterwards."""
        self._launcher.close()
        self._crew.close()

    def judge(self, jobs: Iterable[ProgramJob]) -> Iterator[Verdict]:
        """Judge programs.

        The jobs are read as they are needed and nothing is kept but what is under way, so millions can be
        streamed. Consecutive jobs of one question share its preparation. The same program for the same
        question is judged once. Programs that take long are run again when nothing else waits, so that they
        hold up no others.

        Args:
            jobs: programs with their questions.

        Yields:
            One verdict per job, in the order in which they become known.

        Raises:
            SandboxUnavailableError: sandboxes cannot be started any more.
            JudgeClosedError: another thread closed this judge.
        """

        def submit(question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> Future[Judged]:
            def task(worker: Worker) -> Steps[Judged]:
                return self._judge_batch(worker, question, programs, in_hurry)

            return self._crew.submit(task, is_short=in_hurry)

        yield from VerdictStream(submit, self.settings.workers).verdicts(jobs)

    def observe(self, program: str, setup_code: str, calls: Sequence[str]) -> list[Observation]:
        """Evaluate calls on one program, to learn what it returns.

        Args:
            program: Python source.
            setup_code: executed after the program.
            calls: expressions, evaluated in order in one namespace.

        Returns:
            One observation per call.

        Raises:
            SandboxUnavailableError: sandboxes cannot be started any more.
        """
        description = plan_calls(setup_code, calls)

        def task(worker: Worker) -> Steps[Run]:
            return self._observe(worker, description, len(calls), program)

        run = self._crew.submit(task, is_short=False).result()
        return [_observation(call, run, step) for step, call in enumerate(calls)]

    def _observe(self, worker: Worker, description: Description, steps: int, program: str) -> Steps[Run]:
        yield
        content, problem = self._source(program)
        if problem:
            return self._problematic(content, steps, problem)
        return worker.run(description, steps, content)

    def _judge_batch(
        self, worker: Worker, question: QuestionTests, programs: Sequence[str], in_hurry: bool
    ) -> Steps[Judged]:
        plan = self._plan(question)
        verdicts: dict[Key, Verdict] = {}
        runnable: list[tuple[str, bytes]] = []
        for program in programs:
            content, problem = self._source(program)
            if problem:
                run = self._problematic(content, len(plan.tests), problem)
                verdicts[question, program] = _verdict(question, plan, run)
            else:
                runnable.append((program, content))
        begun = worker.begin(plan, [content for _, content in runnable], in_hurry)
        yield
        runs = worker.finish(begun)
        postponed: list[Key] = []
        for (program, _), run in zip(runnable, runs, strict=True):
            if run.is_postponed:
                postponed.append((question, program))
            else:
                verdicts[question, program] = _verdict(question, plan, run)
        return Judged(verdicts, postponed)

    def _source(self, program: str) -> tuple[bytes, str]:
        """The program as bytes, or why it cannot be run at all."""
        try:
            content = program.encode("utf-8")
        except UnicodeEncodeError as error:
            return b"", f"UnicodeEncodeError: {error.reason} at position {error.start}"
        limit = self.settings.max_program_bytes
        if len(content) > limit:
            return b"", f"the program has {len(content)} bytes, more than max_program_bytes = {limit}"
        return content, ""

    def _problematic(self, content: bytes, steps: int, problem: str) -> Run:
        run = Run(content, [False] * steps, self.settings.memory_mb, self.settings.max_timeouts)
        run.settle(0, Outcome.ERROR, problem)
        return run


def _verdict(question: QuestionTests, plan: QuestionPlan, run: Run) -> Verdict:
    outcomes = tuple(outcome or Outcome.JUDGE_ERROR for outcome in run.outcomes)
    passed = tuple(outcome is Outcome.PASSED for outcome in outcomes)
    first = next((i for i, has_passed in enumerate(passed) if not has_passed), None)
    return Verdict(
        question_id=question.question_id,
        program_id="",
        verdict=Outcome.PASSED if first is None else outcomes[first],
        outcomes=outcomes,
        passed=passed,
        pass_rate=sum(passed) / len(passed) if passed else 0.0,
        sealed=tuple(step not in run.unsealed and not test.is_shown for step, test in enumerate(plan.tests)),
        cpu_ms=run.cpu_ms,
        wall_ms=run.wall_ms,
        peak_mb=run.peak_mb,
        message="" if first is None else run.messages[first],
    )


def _observation(call: str, run: Run, step: int) -> Observation:
    outcome = run.outcomes[step]
    if outcome is None:
        try:
            return Observation(call, decode_values(run.payloads[step])[0], "", "")
        except (ValueError, IndexError):
            return Observation(call, None, str(Outcome.ERROR), TAMPERED)
    name, _, message = run.messages[step].partition(": ")
    if outcome is Outcome.ERROR and message:
        return Observation(call, None, name, message)
    return Observation(call, None, str(outcome), run.messages[step])

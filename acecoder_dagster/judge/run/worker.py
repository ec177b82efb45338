"""A worker: up to four sandboxes, and the way in which they judge the programs of one question together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acecoder_dagster.judge.guest import zygote
from acecoder_dagster.judge.guest.compiling import pack_program
from acecoder_dagster.judge.guest.preloading import needs_scientific
from acecoder_dagster.judge.plan.planning import QuestionPlan, Way
from acecoder_dagster.judge.run.comparing import Comparer
from acecoder_dagster.judge.run.kept_sandbox import KeptSandbox, SentPrograms
from acecoder_dagster.judge.run.program_run import ProgramRun
from acecoder_dagster.judge.run.proxied_tests import run_with_proxies
from acecoder_dagster.judge.run.scripts import run_script
from acecoder_dagster.judge.sandbox import Launcher
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Description


@dataclass(frozen=True, slots=True)
class BegunPrograms:
    """Programs of one question that a worker has begun and not finished.

    Attributes:
        plan: the question.
        runs: one per program, in order.
        in_hurry: whether programs that take long are postponed.
        sent: what has been sent to a sandbox already, with that sandbox.
    """

    plan: QuestionPlan
    runs: list[ProgramRun]
    in_hurry: bool
    sent: list[tuple[KeptSandbox, list[SentPrograms]]]


class Worker:
    """Judges programs in sandboxes of its own; one thread may use it at a time.

    Two sandboxes run programs and two compare values. One of each pair has the scientific packages loaded: it is for
    programs and tests that mention them. Each sandbox is started when it is first needed.
    """

    def __init__(self, launcher: Launcher, settings: SandboxSettings) -> None:
        """Start no sandbox yet.

        Args:
            launcher: starts the sandboxes.
            settings: the limits.
        """
        self._settings = settings
        self._program_sandboxes = [KeptSandbox(launcher, settings, is_scientific) for is_scientific in (False, True)]
        self._test_sandboxes = [KeptSandbox(launcher, settings, is_scientific) for is_scientific in (False, True)]
        self._comparer = Comparer(self._test_sandboxes, settings)

    def begin(self, plan: QuestionPlan, programs: Sequence[bytes], in_hurry: bool) -> BegunPrograms:
        """Send programs to sandboxes, as far as that is possible without waiting for an answer.

        Args:
            plan: the question.
            programs: UTF-8 source text.
            in_hurry: whether to postpone programs that take long.

        Returns:
            What `finish` takes. Several may be begun; they are finished in the same order.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        says_passed = [test.way is Way.PROXIES for test in plan.tests]
        runs = [self._new_run(pack_program(program), says_passed) for program in programs]
        groups = self._by_sandbox(plan.calls, runs) if in_hurry and plan.is_decided_by_values else []
        sent = [(sandbox, sandbox.begin(plan.calls, group)) for sandbox, group in groups]
        return BegunPrograms(plan, runs, in_hurry, sent)

    def finish(self, begun: BegunPrograms) -> list[ProgramRun]:
        """Wait for the programs and decide every test.

        Args:
            begun: from `begin`.

        Returns:
            One run per program, with an outcome for every test unless it is postponed.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        if not begun.plan.is_decided_by_values:
            tests_are_scientific = needs_scientific(begun.plan.all_texts())
            for run in begun.runs:
                self._judge_alone(begun.plan, run, tests_are_scientific, begun.in_hurry)
            return begun.runs
        for sandbox, sent in begun.sent:
            sandbox.finish(begun.plan.calls, sent)
        if not begun.in_hurry:
            self._run_calls(begun.plan.calls, begun.runs)
        self._comparer.decide(begun.plan, [run for run in begun.runs if not run.is_postponed])
        return begun.runs

    def evaluate_calls(self, calls: Description, count: int, program: bytes) -> ProgramRun:
        """Evaluate calls on one program.

        Args:
            calls: describes what to evaluate.
            count: how many calls it describes.
            program: UTF-8 source text.

        Returns:
            For every call either an outcome or encoded values.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        run = self._new_run(pack_program(program), [False] * count)
        self._run_calls(calls, [run])
        return run

    def interrupt(self) -> None:
        """Stop what another thread is doing with this worker: that thread gets a `JudgeClosedError`."""
        for sandbox in (*self._program_sandboxes, *self._test_sandboxes):
            sandbox.interrupt()

    def close(self) -> None:
        """End all sandboxes."""
        for sandbox in (*self._program_sandboxes, *self._test_sandboxes):
            sandbox.close()

    def _run_calls(self, calls: Description, runs: Sequence[ProgramRun]) -> None:
        for sandbox, group in self._by_sandbox(calls, runs):
            sandbox.run_to_end(calls, [(run, 0) for run in group], zygote.JUDGE, in_hurry=False)

    def _judge_alone(self, plan: QuestionPlan, run: ProgramRun, tests_are_scientific: bool, in_hurry: bool) -> None:
        """Judge one program by tests that cannot all be decided by values."""
        sandbox = self._program_sandboxes[tests_are_scientific or needs_scientific(run.content)]
        if plan.steps(Way.OUTPUT):
            run_script(sandbox, plan, run, self._settings, in_hurry)
            return
        test_sandbox = self._test_sandboxes[tests_are_scientific]
        to_execute = run_with_proxies(sandbox, test_sandbox, plan, run, in_hurry)
        if to_execute and not run.is_postponed:
            self._execute_beside(sandbox, plan, run, to_execute, in_hurry)
        if not run.is_postponed:
            self._comparer.decide(plan, [run])

    def _execute_beside(
        self, sandbox: KeptSandbox, plan: QuestionPlan, run: ProgramRun, steps: frozenset[int], in_hurry: bool
    ) -> None:
        """Execute in the program's process the tests that can run nowhere else; it is told of no other test."""
        executed = self._new_run(run.content, [step in steps for step in range(len(plan.tests))])
        sandbox.run_to_end(plan.beside(steps), [(executed, 0)], zygote.JUDGE, in_hurry)
        run.is_postponed = executed.is_postponed
        run.take_over(executed, steps)

    def _by_sandbox(self, calls: Description, runs: Sequence[ProgramRun]) -> list[tuple[KeptSandbox, list[ProgramRun]]]:
        """Group programs by the sandbox that runs them."""
        tests_are_scientific = needs_scientific(calls)
        groups: tuple[list[ProgramRun], list[ProgramRun]] = ([], [])
        for run in runs:
            groups[tests_are_scientific or needs_scientific(run.content)].append(run)
        return [(sandbox, group) for sandbox, group in zip(self._program_sandboxes, groups, strict=True) if group]

    def _new_run(self, content: bytes, says_passed: Sequence[bool]) -> ProgramRun:
        return ProgramRun(content, says_passed, self._settings.memory_mb, self._settings.max_timeouts)

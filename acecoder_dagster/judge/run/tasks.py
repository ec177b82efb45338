"""The two tasks of a worker: judge programs by the tests of their question, and observe calls of one program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acecoder_dagster.judge.guest.encoding import decode_values
from acecoder_dagster.judge.plan.planning import QuestionPlan, plan_calls
from acecoder_dagster.judge.run.program_run import TAMPERED, ProgramRun
from acecoder_dagster.judge.run.worker import BegunPrograms, Worker
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Observation, Outcome, QuestionTests, Verdict

Key = tuple[QuestionTests, str]
"""What a verdict depends on, within one judge: a question and a program."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a group of programs.

    Attributes:
        verdicts: by question and program.
        postponed: programs that take long: to be judged again, each alone.
    """

    verdicts: dict[Key, Verdict]
    postponed: list[Key]


class JudgePrograms:
    """Judges programs of one question, for `threads.Task`."""

    def __init__(
        self,
        question: QuestionTests,
        programs: Sequence[str],
        plan: Callable[[QuestionTests], QuestionPlan],
        settings: SandboxSettings,
        in_hurry: bool,
    ) -> None:
        """Prepare nothing yet: this is called in the thread that reads the jobs.

        Args:
            question: the question.
            programs: Python source, each program once.
            plan: makes the plan of a question, or remembers it.
            settings: the limits.
            in_hurry: whether programs that take long are postponed.
        """
        self.is_short = in_hurry
        self._question = question
        self._programs = programs
        self._plan = plan
        self._settings = settings
        self._verdicts: dict[Key, Verdict] = {}

    def begin(self, worker: Worker) -> None:
        """Give the programs to the worker's sandboxes; one that cannot be run at all gets its verdict here."""
        self._question_plan = self._plan(self._question)
        self._runnable: list[str] = []
        contents: list[bytes] = []
        for program in self._programs:
            content, problem = _encoded(program, self._settings)
            if problem:
                run = _refused(content, len(self._question_plan.tests), problem, self._settings)
                self._add_verdict(program, run)
            else:
                self._runnable.append(program)
                contents.append(content)
        self._begun: BegunPrograms = worker.begin(self._question_plan, contents, self.is_short)

    def finish(self, worker: Worker) -> Judged:
        """Wait for the sandboxes.

        Returns:
            The verdicts, and the programs that take long.
        """
        postponed: list[Key] = []
        for program, run in zip(self._runnable, worker.finish(self._begun), strict=True):
            if run.is_postponed:
                postponed.append((self._question, program))
            else:
                self._add_verdict(program, run)
        return Judged(self._verdicts, postponed)

    def _add_verdict(self, program: str, run: ProgramRun) -> None:
        self._verdicts[self._question, program] = _verdict(self._question, self._question_plan, run)


class ObserveCalls:
    """Evaluates calls on one program, for `threads.Task`."""

    is_short = False

    def __init__(self, program: str, setup_code: str, calls: Sequence[str], settings: SandboxSettings) -> None:
        """Describe the calls.

        Args:
            program: Python source.
            setup_code: executed after the program.
            calls: expressions, evaluated in this order in one namespace.
            settings: the limits.
        """
        self._program = program
        self._calls = calls
        self._settings = settings
        self._description = plan_calls(setup_code, calls)

    def begin(self, worker: Worker) -> None:
        """Do nothing: all of it may take long."""

    def finish(self, worker: Worker) -> list[Observation]:
        """Run the program.

        Returns:
            One observation per call.
        """
        content, problem = _encoded(self._program, self._settings)
        if problem:
            run = _refused(content, len(self._calls), problem, self._settings)
        else:
            run = worker.evaluate_calls(self._description, len(self._calls), content)
        return [_observation(call, run, step) for step, call in enumerate(self._calls)]


def _encoded(program: str, settings: SandboxSettings) -> tuple[bytes, str]:
    """The program as UTF-8, or why it cannot be run at all."""
    try:
        content = program.encode("utf-8")
    except UnicodeEncodeError as error:
        return b"", f"UnicodeEncodeError: {error.reason} at position {error.start}"
    limit = settings.max_program_bytes
    if len(content) > limit:
        return b"", f"the program has {len(content)} bytes, more than max_program_bytes = {limit}"
    return content, ""


def _refused(content: bytes, steps: int, problem: str, settings: SandboxSettings) -> ProgramRun:
    run = ProgramRun(content, [False] * steps, settings.memory_mb, settings.max_timeouts)
    run.settle(0, Outcome.ERROR, problem)
    return run


def _verdict(question: QuestionTests, plan: QuestionPlan, run: ProgramRun) -> Verdict:
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


def _observation(call: str, run: ProgramRun, step: int) -> Observation:
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

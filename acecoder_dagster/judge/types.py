"""What goes into the judge and what comes out: questions with tests, programs, verdicts, and its errors."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass

from acecoder_dagster import AceCoderError


class SandboxUnavailableError(AceCoderError, RuntimeError):
    """No sandbox can be started on this machine; the message says what to install or to set."""


class SandboxFailedError(AceCoderError, RuntimeError):
    """A running sandbox broke (killed, frozen, out of memory); its work can be repeated in another one."""


class JudgeClosedError(AceCoderError, RuntimeError):
    """The judge was closed while it was judging."""


class Outcome(enum.StrEnum):
    """How one test ended. It is also the verdict on a program: `passed`, or the first outcome that is not.

    PASSED, FAILED: what the test said.
    ERROR: something was raised that the test did not expect.
    CPU_TIMEOUT: the test used more processor time than it may.
    WALL_TIMEOUT: it slept, or was blocked, for longer than it may.
    MEMORY: it needed more memory than it may.
    CRASHED: the process of the program ended in the middle of it.
    OUTPUT_LIMIT: what it gave or wrote is more than may leave the sandbox.
    JUDGE_ERROR: the sandbox broke, again and again. It says nothing about the program, and is tried again.
    UNSTABLE: the outcome changed when the test was repeated.
    """

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    CPU_TIMEOUT = "cpu_timeout"
    WALL_TIMEOUT = "wall_timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    OUTPUT_LIMIT = "output_limit"
    JUDGE_ERROR = "judge_error"
    UNSTABLE = "unstable"


MAX_CPU_SECONDS = 600
"""The most that a question may allow each of its tests."""


class Description(bytes):
    """What is sent to a sandbox about a question.

    JSON for `guest.clerk.PreparedCalls`, where programs run; else for `guest.child.PreparedQuestion`.

    Attributes:
        is_for_programs: whether it is about calls, for a sandbox that runs programs.
        cpu_seconds: processor time that one test may use; None for the usual limit.
        imports: modules that the sandbox imports once, rather than each of its children.
    """

    is_for_programs = True
    cpu_seconds: float | None = None
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IoTest:
    """An input and the output that is expected.

    Attributes:
        input: the text on standard input. For function calls: one JSON argument per line.
        output: the expected text. For function calls: the expected value as JSON.
    """

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class QuestionTests:
    """The tests of one question, in exactly one of three forms.

    Attributes:
        question_id: the id of the question.
        entry_point: the function or class that the tests call. For input/output tests: the function, or the method of a
            class `Solution`; empty for programs that read standard input.
        setup_code: Python that is executed after the program and before its tests.
        tests: Python text, one entry per test: an assert statement, or any statements.
        test_code: Python text that defines `check(candidate)`, as in HumanEval, or `unittest.TestCase` classes, as in
            BigCodeBench.
        methods: which methods of the `unittest.TestCase` classes count, as `Class.method`; empty for all.
        io_tests: inputs and outputs, as in LiveCodeBench.
        cpu_seconds: processor time that one test may use; None for the setting `cpu_seconds_per_test`.
    """

    question_id: str
    entry_point: str
    setup_code: str
    tests: tuple[str, ...] = ()
    test_code: str = ""
    io_tests: tuple[IoTest, ...] = ()
    methods: tuple[str, ...] = ()
    cpu_seconds: float | None = None

    def __post_init__(self) -> None:
        """Check that there is exactly one form of tests, and that it is complete.

        Raises:
            ValueError: there are no tests, or several forms of them; test code comes without an entry point; input and
                output of a function call are no JSON; or the time limit is not above 0 and at most MAX_CPU_SECONDS.
        """
        forms = [name for name in ("tests", "test_code", "io_tests") if getattr(self, name)]
        if len(forms) != 1:
            raise ValueError(
                f"question {self.question_id} has {' and '.join(forms) or 'no tests'}: "
                "it needs exactly one of tests, test_code and io_tests"
            )
        if self.entry_point:
            for number, test in enumerate(self.io_tests):
                self._check_json(number, test)
        if self.test_code and not self.entry_point:
            raise ValueError(f"question {self.question_id} has test_code: it needs an entry_point too")
        if self.cpu_seconds is not None and not 0 < self.cpu_seconds <= MAX_CPU_SECONDS:
            raise ValueError(
                f"question {self.question_id} has cpu_seconds {self.cpu_seconds:g}: give a number above 0 and at "
                f"most {MAX_CPU_SECONDS}, or leave it out for the usual limit"
            )

    def _check_json(self, number: int, test: IoTest) -> None:
        for what, text in [("input", line) for line in test.input.split("\n") if line.strip()] + [
            ("output", test.output)
        ]:
            try:
                json.loads(text)
            except (ValueError, RecursionError) as error:
                raise ValueError(
                    f"question {self.question_id}, io_tests[{number}].{what}: {text[:80]!r} is not JSON ({error}); "
                    "with an entry_point, every line of an input is one JSON argument and the output is a JSON value"
                ) from error


@dataclass(frozen=True, slots=True)
class ProgramJob:
    """One program to be judged by the tests of its question."""

    question: QuestionTests
    program_id: str
    program: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests of a question say about one program.

    Attributes:
        question_id: the id of the question.
        program_id: the id of the program.
        verdict: `passed` when every test passed, else the first other outcome.
        outcomes: one per test, in order.
        passed: one per test: whether its outcome is `passed`.
        pass_rate: share of the tests that passed, 0 to 1.
        sealed: one per test: whether the program could not reach the place where it was decided.
        cpu_ms: processor time, in milliseconds, of all tests and restarts together.
        wall_ms: time elapsed inside the sandbox, in milliseconds.
        peak_mb: largest resident memory of the program's main process, in MiB.
        message: why the first test that did not pass failed; empty when all passed.
    """

    question_id: str
    program_id: str
    verdict: Outcome
    outcomes: tuple[Outcome, ...]
    passed: tuple[bool, ...]
    pass_rate: float
    sealed: tuple[bool, ...]
    cpu_ms: float
    wall_ms: float
    peak_mb: float
    message: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What one call of a program gave.

    Attributes:
        call: the expression that was evaluated, as in `f(1)`.
        value: the value; an `Opaque` where it is not plain data. None where there is an error.
        error: empty where there is a value; else the type of the exception, or an outcome such as `cpu_timeout`.
        message: the message of the exception.
    """

    call: str
    value: object
    error: str
    message: str


class OtherSandboxError(AceCoderError, RuntimeError):
    """A node of a cluster would judge otherwise than the others; nothing that it says may be taken."""


@dataclass(frozen=True, slots=True)
class NodeSpeed:
    """What one node of a cluster did.

    Attributes:
        node: its host name, and the beginning of Ray's number of it.
        workers: how many judged there at the same time.
        programs: how many programs they judged, or observed calls of.
        busy_seconds: how long they were at work on these, all workers together.
    """

    node: str
    workers: int
    programs: int
    busy_seconds: float

    @property
    def programs_per_second(self) -> float:
        """How fast all its workers together are while each has work."""
        return self.programs / self.busy_seconds * self.workers if self.busy_seconds else 0.0

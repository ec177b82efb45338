"""The words of the judge: questions with tests, programs, verdicts, outcomes."""

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
    """What became of one test; also the verdict on a program: `passed`, or its first other outcome."""

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
    """What a sandbox is told about a question: JSON for `guest.child.PreparedQuestion`.

    Attributes:
        cpu_seconds: processor time that one test may use; none: what the settings say.
    """

    cpu_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class IoTest:
    """What goes into a program, and what has to come out.

    Attributes:
        input: the text on standard input or, for function calls, one JSON argument per line.
        output: the expected text or, for function calls, the expected value as JSON.
    """

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class QuestionTests:
    """The tests of one question, in exactly one of three forms.

    Attributes:
        question_id: the id of the question.
        entry_point: the name of the function or class the tests call. Of input/output tests: the function, or
            the method of a class `Solution`, to be called; empty for programs that read standard input.
        setup_code: Python executed after the program and before its tests.
        tests: Python text, one entry per test: an assert statement, or any statements.
        test_code: Python text that defines `check(candidate)`, as HumanEval does, or `unittest.TestCase`
            classes, as BigCodeBench does.
        methods: of `unittest.TestCase` classes in the test code, the methods that count, as `Class.method`; all where
            empty.
        io_tests: inputs and outputs, as in LiveCodeBench.
        cpu_seconds: processor time that one test may use, in place of the setting `cpu_seconds_per_test`.
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
        """Refuse questions whose kind of test is not clear, or whose limit is none.

        Raises:
            ValueError: there is not exactly one form of tests, or test code without an entry point, or a limit that
                is not above 0 and at most MAX_CPU_SECONDS.
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
                f"question {self.question_id} has cpu_seconds {self.cpu_seconds:g}: seconds above 0 and at most "
                f"{MAX_CPU_SECONDS} are needed, or none for the usual limit"
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
        pass_rate: share of the tests that passed.
        sealed: one per test: whether it was decided where the program could not reach the comparison.
        cpu_ms: processor time used, all tests and restarts together.
        wall_ms: time elapsed inside the sandbox.
        peak_mb: largest resident memory of the program's main process.
        message: why the first test that did not pass did not, where there is more to say.
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
        call: the expression that was evaluated.
        value: the value, when there is one; `Opaque` stands for what is not plain data.
        error: empty when there is a value, else the type of the exception, or an outcome (`cpu_timeout`).
        message: the message of the exception.
    """

    call: str
    value: object
    error: str
    message: str

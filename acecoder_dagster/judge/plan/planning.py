"""Plans how the tests of a question are decided, once for all programs that are judged by them."""

from __future__ import annotations

import ast
import enum
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from acecoder_dagster.judge.plan.calls import PLACEHOLDER, EntryPoint, NotSplittableError
from acecoder_dagster.judge.plan.host_decisions import Decision, host_decision, passing_payload, payload_of
from acecoder_dagster.judge.plan.io_tests import function_call_pieces, function_call_setup
from acecoder_dagster.judge.plan.names import is_shared_import, loaded_names, text, top_names
from acecoder_dagster.judge.plan.parsed_tests import ParsedTest, PlainTest, parse_test
from acecoder_dagster.judge.plan.splitting import Setup, SplitTest, read_setup, split_test
from acecoder_dagster.judge.plan.taking_apart import TestCode, imports_of, read_test_code, text_for_methods
from acecoder_dagster.judge.plan.where_tests_run import can_run_by_proxies
from acecoder_dagster.judge.types import Description, QuestionTests
from acecoder_dagster.python_source import unparse

Piece = dict[str, object]


class Way(enum.Enum):
    """How a test is decided."""

    VALUES = "by values that the program's process claims"
    PROXIES = "in a process of its own, by proxies of the program's objects"
    BESIDE = "in the program's process"
    OUTPUT = "by what a script prints"


@dataclass(frozen=True, slots=True)
class TestPlan:
    """How one test is decided.

    Attributes:
        way: how and where.
        passing_payload: the encoding of the value that passes, where there is exactly one.
        decision: makes the comparison on the host, where it is simple.
        is_pure: whether the comparison depends on the value alone, and not on what was compared before.
        setup_names: what it uses of the setup code, where the program need not see it.
        call_names: what the program needs of the setup code for its call.
        is_shown: whether the setup code shows the program what is expected.
    """

    __test__ = False  # not a test class of pytest's

    way: Way
    passing_payload: bytes | None = None
    decision: Decision | None = None
    is_pure: bool = True
    setup_names: frozenset[str] = frozenset()
    call_names: frozenset[str] = frozenset()
    is_shown: bool = False


_Planned = tuple[TestPlan, Piece, Piece]


@dataclass(frozen=True, slots=True)
class QuestionPlan:
    """The tests of one question, ready for the sandboxes.

    Attributes:
        tests: one plan per test.
        calls: sent to the sandbox that runs programs: what to evaluate, without any expected value.
        comparisons: sent to the sandbox that compares values and runs tests by proxies.
        question: the question.
        pieces: for every test, its part of `calls` and its part of `comparisons`.
        code: the text of every test, and of what the tests share.
    """

    tests: tuple[TestPlan, ...]
    calls: Description
    comparisons: Description
    question: QuestionTests
    pieces: tuple[tuple[Piece, Piece], ...]
    code: TestCode

    def steps(self, way: Way) -> list[int]:
        """Return the tests, by their position, that are decided in one way."""
        return [step for step, test in enumerate(self.tests) if test.way is way]

    @property
    def is_decided_by_values(self) -> bool:
        """Whether every test is decided by values that the program's process claims."""
        return all(test.way is Way.VALUES for test in self.tests)

    def all_texts(self) -> bytes:
        """Return the text of all that is sent to a sandbox because of this question."""
        return b"\n".join((self.calls, self.comparisons, *(test.encode() for test in self.code.tests)))

    def beside(self, steps: Collection[int]) -> Description:
        """Describe tests that are executed in the program's process.

        Args:
            steps: which tests; the text of the others does not enter that sandbox.

        Returns:
            A description for the sandbox that runs programs.
        """
        pieces = [_piece("execute", "", t) if i in steps else _SKIPPED for i, t in enumerate(self.code.tests)]
        return _description(
            self.question.setup_code,
            pieces,
            self.question.cpu_seconds,
            module=self.code.module,
            imports=self.code.imports,
        )


def plan_question(question: QuestionTests) -> QuestionPlan:
    """Find the simplest safe way to decide every test of a question.

    Args:
        question: the question.

    Returns:
        The plan. A test is executed in the program's process only where it cannot be decided elsewhere.
    """
    if question.io_tests and not question.entry_point:
        return _plan_scripts(question)
    if question.io_tests:
        return _plan_function_calls(question)
    code = TestCode("", question.tests)
    if question.test_code:
        code = read_test_code(question.test_code, question.entry_point, question.methods)
    entry_point = EntryPoint(question.entry_point)
    setup = read_setup(question.setup_code, entry_point)
    parsed = [parse_test(test) for test in code.tests]
    is_divisible = not code.module and not _rely_on_each_other(parsed)
    planned = [
        _plan_test(test, parsed[i], entry_point, setup, _shared_text(code, i), is_divisible)
        for i, test in enumerate(code.tests)
    ]
    if not is_divisible and any(plan.way is Way.BESIDE for plan, _, _ in planned) and not code.module:
        planned = [(TestPlan(Way.BESIDE), _SKIPPED, _NOT_COMPARED) for _ in code.tests]
    return _assembled(question, entry_point, setup, code, planned)


def plan_calls(setup_code: str, calls: Sequence[str]) -> Description:
    """Describe calls whose values are wanted.

    Args:
        setup_code: Python executed after the program.
        calls: expressions.

    Returns:
        A description for the sandbox that runs programs.
    """
    return _description(setup_code, [_piece("values", "", call) for call in calls])


def _assembled(
    question: QuestionTests, entry_point: EntryPoint, setup: Setup, code: TestCode, planned: Sequence[_Planned]
) -> QuestionPlan:
    shown_setup, shown_names = _setup_for_program(question.setup_code, setup, [plan for plan, _, _ in planned])
    driven = [name for name, (plan, _, _) in zip(code.methods, planned, strict=False) if plan.way is Way.PROXIES]
    module = text_for_methods(code.module, driven) if code.methods else code.module
    comparisons = _description(
        setup.comparison_code,
        [comparison for _, _, comparison in planned],
        question.cpu_seconds,
        is_for_programs=False,
        module=f"{_without_classes(setup)}\n{module}",
        imports=code.imports,
        entry_point=entry_point.root,
        entry_method=entry_point.method,
    )
    return QuestionPlan(
        tests=tuple(replace(plan, is_shown=bool(plan.setup_names & shown_names)) for plan, _, _ in planned),
        calls=_description(
            f"{shown_setup}\n{imports_of(code.module)}".strip(),
            [call for _, call, _ in planned],
            question.cpu_seconds,
            imports=code.imports,
        ),
        comparisons=comparisons,
        question=question,
        pieces=tuple((call, comparison) for _, call, comparison in planned),
        code=code,
    )


def _shared_text(code: TestCode, test: int) -> str:
    """What a test needs of the code that the tests share."""
    return text_for_methods(code.module, [code.methods[test]]) if code.methods else code.module


def _setup_for_program(setup_code: str, setup: Setup, plans: Sequence[TestPlan]) -> tuple[str, frozenset[str]]:
    """The setup code without what only comparisons use, and the names that it shows to the program."""
    if setup.comparison_code != setup_code or not setup_code:
        return setup_code, frozenset()
    called = frozenset[str]().union(*(plan.call_names for plan in plans))
    hidden = frozenset[str]().union(*(plan.setup_names for plan in plans)) - called
    kept, body = [], setup.definitions.statements
    for part in body:
        is_needed = not _can_be_hidden(part) or bool(top_names(part) & called)
        if is_needed or not (top_names(part) | loaded_names([part])) & hidden:
            kept.append(part)
        else:
            hidden |= top_names(part)
    shown = [top_names(part) for part in kept if _can_be_hidden(part)]
    return (setup_code if len(kept) == len(body) else text(kept)), frozenset[str]().union(*shown)


def _can_be_hidden(part: ast.stmt) -> bool:
    is_definition = isinstance(part, (ast.FunctionDef, ast.Assign, ast.Import, ast.ImportFrom))
    return is_definition and not is_shared_import(part)


def _plan_scripts(question: QuestionTests) -> QuestionPlan:
    tests = tuple(TestPlan(Way.OUTPUT) for _ in question.io_tests)
    nothing = _description("", [], question.cpu_seconds)
    return QuestionPlan(tests, nothing, nothing, question, (), TestCode("", ()))


def _plan_function_calls(question: QuestionTests) -> QuestionPlan:
    calls, comparisons, plans = [], [], []
    for test in question.io_tests:
        pieces = function_call_pieces(test)
        plans.append(TestPlan(Way.VALUES, pieces.passing_payload, pieces.decision))
        calls.append(_piece("values", "", pieces.call))
        comparisons.append(_piece("compare", "import json", pieces.comparison))
    before, setup = function_call_setup(question)
    description = _description(setup, calls, question.cpu_seconds, before=before)
    compared = _description("", comparisons, question.cpu_seconds, is_for_programs=False)
    return QuestionPlan(tuple(plans), description, compared, question, (), TestCode("", ()))


def _without_classes(setup: Setup) -> str:
    """What a test by proxies needs of the setup: not its classes, which it takes from the program's process."""
    return text(part for part in setup.definitions.statements if not isinstance(part, ast.ClassDef))


def _rely_on_each_other(tests: Sequence[ParsedTest]) -> bool:
    """Whether a test uses names that only an earlier one defines."""
    defined: set[str] = set()
    for test in tests:
        if (test.read - test.defined) & defined:
            return True
        defined |= test.defined
    return False


def _plan_test(
    test: str, parsed: ParsedTest, entry_point: EntryPoint, setup: Setup, module: str, is_divisible: bool
) -> _Planned:
    if is_divisible and parsed.plain and parsed.plain.name == entry_point.text not in setup.shown_names:
        return _planned_plainly(parsed.plain)
    split = _split(parsed, entry_point, setup) if is_divisible else None
    if split is None:
        if can_run_by_proxies((module, test), entry_point.root):
            plan = TestPlan(Way.PROXIES, setup_names=parsed.read & setup.shown_names)
            return plan, _SERVED, _piece("drive", "", test)
        return TestPlan(Way.BESIDE), _SKIPPED, _NOT_COMPARED
    plan = TestPlan(
        Way.VALUES,
        passing_payload=passing_payload(split.comparison),
        decision=host_decision(split.comparison),
        is_pure=split.is_pure,
        setup_names=split.setup_names,
        call_names=split.call_names,
    )
    imports = "".join(f"import {module}\n" for module in split.modules)
    return (
        plan,
        _piece("values", split.call_prelude, _call(split)) | {"conversions": split.conversions},
        _piece("compare", imports + split.prelude, unparse(split.comparison)),
    )


def _planned_plainly(test: PlainTest) -> _Planned:
    comparison = ast.Compare(ast.Name(PLACEHOLDER), [ast.Eq()], [ast.Constant(test.expected)])
    plan = TestPlan(Way.VALUES, payload_of(test.expected), host_decision(comparison))
    call = _piece("values", "", test.call) | {"conversions": ()}
    return plan, call, _piece("compare", "", f"{PLACEHOLDER} == {test.expected_text}")


def _split(test: ParsedTest, entry_point: EntryPoint, setup: Setup) -> SplitTest | None:
    try:
        split = split_test(test, entry_point, setup)
        unparse(split.comparison)
    except (NotSplittableError, RecursionError):
        return None
    return split


def _call(split: SplitTest) -> str:
    """The expression for the value of the call. It fails where the program lacks a module that the test uses."""
    return f"({split.call}, {', '.join(split.modules)})[0]" if split.modules else split.call


def _piece(mode: str, prelude: str, code: str) -> Piece:
    return {"mode": mode, "prelude": prelude, "code": code}


_SKIPPED, _SERVED = _piece("skip", "", ""), _piece("serve", "", "")
_NOT_COMPARED = _piece("compare", "", "False")


def _description(
    setup: str,
    tests: list[Piece],
    cpu_seconds: float | None = None,
    is_for_programs: bool = True,
    imports: tuple[str, ...] = (),
    **others: str,
) -> Description:
    description = Description(json.dumps({"setup": setup, "tests": tests, **others}).encode("ascii"))
    description.is_for_programs, description.cpu_seconds, description.imports = is_for_programs, cpu_seconds, imports
    return description

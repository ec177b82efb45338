"""Splits a test into what the program is asked, and what is compared with its answer.

`assert sorted(f([2, 1])) == [1, 2]` becomes the call `f([2, 1])`, whose value is sorted, and the comparison
`__r0 == [1, 2]`. The call
goes to the program's sandbox, the comparison never does. So a program can only claim values: to pass by fraud it would
have to know the right ones.

Tests are texts that a language model wrote: they are parsed here, never executed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from acecoder_dagster.judge.plan.calls import (
    Conversion,
    EntryPoint,
    NotSplittableError,
    find_call,
    is_foreign,
)
from acecoder_dagster.judge.plan.names import Definitions, bound_names, is_shared_import, loaded_names, text, top_names
from acecoder_dagster.judge.plan.parsed_tests import ParsedTest, parse_test
from acecoder_dagster.judge.plan.safe_comparisons import depends_on_values_alone, may_execute_values
from acecoder_dagster.python_source import unparse

_IMPORTS = (ast.Import, ast.ImportFrom)
_DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@dataclass(frozen=True, slots=True)
class SplitTest:
    """A test in two parts.

    Attributes:
        prelude: imports and definitions that the comparison needs before it.
        call_prelude: those of them that the call needs; what is expected must not be among them.
        call: the expression that the program evaluates.
        conversions: what is then done to the value; in the comparison, the placeholder stands for what comes of it.
        modules: modules that the test uses without importing them, because the program should have.
        comparison: an expression over the placeholder, which is true where the test passes.
        setup_names: what the comparison uses of the setup code.
        call_names: what the call uses of the setup code.
        is_pure: whether the comparison gives the same for the same value, whatever was compared before.
    """

    prelude: str
    call_prelude: str
    call: str
    conversions: tuple[Conversion, ...]
    modules: tuple[str, ...]
    comparison: ast.expr
    setup_names: frozenset[str]
    call_names: frozenset[str]
    is_pure: bool


@dataclass(frozen=True, slots=True)
class Setup:
    """What the setup code of a question defines.

    Attributes:
        comparison_code: the part of it that does not need the program.
        fixed_names: names of modules, functions, classes and constants: no call changes what they stand for.
        changeable_names: names of values that a call could change in place.
        shown_names: names whose values the program can see, where they are shown: all but those of shared modules.
        definitions: the statements of `comparison_code`.
    """

    comparison_code: str
    fixed_names: frozenset[str]
    changeable_names: frozenset[str]
    shown_names: frozenset[str]
    definitions: Definitions


def read_setup(setup_code: str, entry_point: EntryPoint) -> Setup:
    """Find what the setup code of a question defines without the program.

    Args:
        setup_code: Python text, possibly empty or broken.
        entry_point: what the tests call.

    Returns:
        The names it defines. Of code that needs the program, or is broken, only the imports count.
    """
    try:
        body = _statements(parse_test(setup_code))
        fixed, changeable = _defined_names(body)
        if not _foreign_names(body, entry_point, fixed | changeable):
            shown = [top_names(statement) for statement in body if not is_shared_import(statement)]
            return Setup(setup_code, fixed, changeable, frozenset().union(*shown), Definitions(body))
    except NotSplittableError:
        return Setup("", frozenset(), frozenset(), frozenset(), Definitions([]))
    imports = [statement for statement in body if isinstance(statement, _IMPORTS)]
    fixed, _ = _defined_names(imports)
    return Setup(text(imports), fixed, frozenset(), frozenset(), Definitions(imports))


def split_test(test: ParsedTest, entry_point: EntryPoint, setup: Setup) -> SplitTest:
    """Split one test.

    Args:
        test: assert statements, possibly after imports and definitions; its tree is changed.
        entry_point: the function or class under test.
        setup: what the setup code defines.

    Returns:
        The call and the comparison.

    Raises:
        NotSplittableError: values alone cannot decide the test.
    """
    body = _statements(test)
    asserts = [statement for statement in body if isinstance(statement, ast.Assert)]
    prelude = [statement for statement in body if not isinstance(statement, ast.Assert)]
    if not asserts or prelude != body[: len(prelude)]:
        raise NotSplittableError("not a list of assert statements after definitions")
    fixed, changeable = _defined_names(prelude)
    fixed, changeable = fixed | setup.fixed_names, changeable | setup.changeable_names
    if _foreign_names(prelude, entry_point, fixed | changeable):
        raise NotSplittableError("calls the program before the first assert")
    conditions = [statement.test for statement in asserts]
    condition = conditions[0] if len(conditions) == 1 else ast.BoolOp(ast.And(), conditions)
    own = Definitions(prelude)
    definitions = setup.definitions + own
    known = fixed | changeable | bound_names([condition])
    try:
        found = find_call(condition, entry_point, known, _function_names(definitions.statements))
        compared = definitions.reached(loaded_names([found.comparison]))
        asked = definitions.reached(loaded_names([found.call]))
        if may_execute_values(definitions.statements, compared):
            raise NotSplittableError("the comparison may do more with a value than compare it")
        shared = asked & compared & (changeable | _shown_names(prelude))
        if shared:
            raise NotSplittableError(f"the program would see, and may change, {min(shared)}, which is compared")
        return SplitTest(
            prelude=text(prelude),
            call_prelude=text(own.needed(loaded_names([found.call]))),
            call=unparse(found.call),
            conversions=found.conversions,
            modules=tuple(sorted(found.modules)),
            comparison=found.comparison,
            setup_names=compared & setup.shown_names,
            call_names=asked & setup.shown_names,
            is_pure=depends_on_values_alone(setup.definitions.binding(compared), compared, found.comparison),
        )
    except RecursionError as error:
        raise NotSplittableError("nested too deeply") from error


def _foreign_names(nodes: Iterable[ast.AST], entry_point: EntryPoint, known: frozenset[str]) -> bool:
    nodes = list(nodes)
    known |= bound_names(nodes)
    return any(is_foreign(name, entry_point.root, known) for name in loaded_names(nodes))


def _statements(test: ParsedTest) -> list[ast.stmt]:
    if test.problem:
        raise NotSplittableError(test.problem)
    return test.body


def _function_names(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Names of functions and classes that statements define."""
    names = set()
    for statement in statements:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Lambda):
            names |= bound_names(statement.targets)
    return frozenset(names)


def _shown_names(statements: Iterable[ast.stmt]) -> frozenset[str]:
    """Names that statements define, without those of modules."""
    names = [top_names(statement) for statement in statements if not isinstance(statement, _IMPORTS)]
    return frozenset().union(*names)


def _defined_names(statements: Iterable[ast.stmt]) -> tuple[frozenset[str], frozenset[str]]:
    """Names that statements define: first those that no call can change, then those that a call could change.

    Raises:
        NotSplittableError: a statement is neither a definition nor an assignment to names.
    """
    fixed: set[str] = set()
    changeable: set[str] = set()
    for statement in statements:
        if isinstance(statement, _DEFINITIONS):
            if any(alias.name == "*" for alias in getattr(statement, "names", [])):
                raise NotSplittableError("imports every name of a module")
            fixed |= top_names(statement)
        elif isinstance(statement, ast.Assign):
            names = bound_names(statement.targets)
            if isinstance(statement.value, ast.Constant):
                fixed |= names
            else:
                changeable |= names
        elif not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            raise NotSplittableError(f"contains {type(statement).__name__}")
    return frozenset(fixed - changeable), frozenset(changeable)

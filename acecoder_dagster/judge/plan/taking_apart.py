"""Takes test code apart into single tests: a `check(candidate)` function, `unittest.TestCase` classes, plain asserts.

The code is parsed here, never executed.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from acecoder_dagster.judge.plan.names import Definitions, bound_names, loaded_names, text, top_names
from acecoder_dagster.python_source import NO_TREE, parse_source, unparse

CHECK = "check"
UNITTEST_RUN = """
import unittest as judge_unittest
judge_result = judge_unittest.TestResult()
judge_unittest.TestSuite([{case}({method!r})]).run(judge_result)
for judge_error, judge_list in (
    (RuntimeError, judge_result.errors),
    (AssertionError, judge_result.failures),
    (RuntimeError, [] if {may_skip} else judge_result.skipped),
):
    if judge_list:
        raise judge_error(judge_list[0][1].strip().splitlines()[-1])
if judge_result.unexpectedSuccesses or not judge_result.testsRun:
    raise AssertionError("unexpected success")
"""


@dataclass(frozen=True, slots=True)
class TestCode:
    """The tests of test code.

    Attributes:
        module: code that the tests share, executed once before them; it may be empty.
        tests: statements, one entry per test.
        imports: modules that all tests need, so that they can be imported once for all.
        methods: the method of a `unittest.TestCase` class behind each test, as `Class.method`; empty for other tests.
    """

    __test__ = False  # not a test class of pytest's

    module: str
    tests: tuple[str, ...]
    imports: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()


class _NotAListOfAssertsError(Exception):
    pass


def read_test_code(test_code: str, entry_point: str, methods: tuple[str, ...] = ()) -> TestCode:
    """Find the tests in test code.

    Args:
        test_code: Python text with a function `check`, with classes that derive from `unittest.TestCase`, or with
            asserts only.
        entry_point: the function or class under test.
        methods: which methods of the classes are wanted, as `Class.method`; empty for all.

    Returns:
        One test per method of the classes; one per assert, where `check` or the whole text is a list of asserts. Any
        other code, and code that does not parse, is one test.
    """
    try:
        body = parse_source(test_code).body
    except NO_TREE:
        return TestCode("", (test_code,))
    may_skip = _skips(body)
    runs = {
        f"{case}.{method}": UNITTEST_RUN.format(case=case, method=method, may_skip=may_skip)
        for case, method in _cases(body)
    }
    if runs:
        wanted = methods or tuple(runs)
        return TestCode(test_code, tuple(runs[name] for name in wanted), ("unittest", "traceback"), wanted)
    check = next((s for s in body if isinstance(s, ast.FunctionDef) and s.name == CHECK), None)
    try:
        if check is None:
            return TestCode("", tuple(_separate(body)))
        before, after = body[: body.index(check)], body[body.index(check) + 1 :]
        others = [s for s in after if unparse(s) != f"{CHECK}({entry_point})"]
        return TestCode("", tuple(_separate([*before, *others, *_inlined(check, entry_point)])))
    except _NotAListOfAssertsError:
        call = "" if check is None or _calls_check(body) else f"\n{CHECK}({entry_point})\n"
        return TestCode("", (test_code + call,))


def text_for_methods(module: str, methods: Collection[str]) -> str:
    """Return what some tests of a module need of it: no other test, and no definition or import that they do not use.

    Args:
        module: Python text with `unittest.TestCase` classes.
        methods: the tests, as `Class.method`.
    """
    body = [_with_methods(statement, methods) for statement in parse_source(module).body]
    named = frozenset(method.partition(".")[0] for method in methods)
    executed = [s for s in body if not isinstance(s, (*_DEFINITIONS, ast.Import, ast.ImportFrom))]
    used = Definitions(body).reached(named | loaded_names(executed) | {"setUpModule", "tearDownModule"})
    kept = [s for s in body if s in executed or top_names(s) & used or _imports_all(s)]
    return text(kept)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _imports_all(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"


def _with_methods(statement: ast.stmt, methods: Collection[str]) -> ast.stmt:
    """A class without the tests that are not wanted; any other statement as it is."""
    if not isinstance(statement, ast.ClassDef):
        return statement
    wanted = {method.partition(".")[2] for method in methods}
    kept = [m for m in statement.body if not (_is_test(m) and getattr(m, "name", "") not in wanted)]
    shortened = copy.copy(statement)
    shortened.body = kept or [ast.Pass()]
    return shortened


def _is_test(member: ast.stmt) -> bool:
    return isinstance(member, (ast.FunctionDef, ast.AsyncFunctionDef)) and member.name.startswith("test")


def imports_of(module: str) -> str:
    """Return the import statements of a module that stand outside of any other statement."""
    body = parse_source(module).body if module else []
    return text(s for s in body if isinstance(s, (ast.Import, ast.ImportFrom)))


def _cases(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """The class and the method of every test: classes in the order of their definition, methods in unittest's own."""
    classes: dict[str, list[str]] = {}
    for statement in body:
        if not isinstance(statement, ast.ClassDef):
            continue
        bases = [unparse(base) for base in statement.bases]
        if not any(base.endswith("TestCase") or base in classes for base in bases):
            continue
        inherited = [method for base in bases for method in classes.get(base, [])]
        own = [str(getattr(member, "name", "")) for member in statement.body if _is_test(member)]
        classes[statement.name] = sorted({*inherited, *own})
    for name, methods in classes.items():
        yield from ((name, method) for method in methods)


def _skips(body: list[ast.stmt]) -> bool:
    """Whether the tests themselves leave tests out. A program that does so passes none by that."""
    parts = [part for statement in body for part in ast.walk(statement)]
    names = {part.attr for part in parts if isinstance(part, ast.Attribute)}
    names |= {part.id for part in parts if isinstance(part, ast.Name)}
    return bool(names & {"skip", "skipIf", "skipUnless", "skipTest", "SkipTest"})


def _calls_check(body: list[ast.stmt]) -> bool:
    statements = [s for s in body if not isinstance(s, (ast.FunctionDef, ast.ClassDef))]
    calls = [p for statement in statements for p in ast.walk(statement) if isinstance(p, ast.Call)]
    return any(isinstance(call.func, ast.Name) and call.func.id == CHECK for call in calls)


def _separate(statements: list[ast.stmt]) -> Iterator[str]:
    """One text per assert, each with all the definitions before it."""
    prelude: list[ast.stmt] = []
    found = False
    for statement in statements:
        if isinstance(statement, ast.Assert):
            found = True
            yield text((*prelude, statement))
        elif isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign)):
            prelude.append(statement)
        elif not _does_nothing(statement):
            raise _NotAListOfAssertsError
    if not found:
        raise _NotAListOfAssertsError


def _does_nothing(statement: ast.stmt) -> bool:
    is_value = isinstance(statement, ast.Expr) and isinstance(statement.value, (ast.Constant, ast.Name))
    return is_value or isinstance(statement, ast.Pass)


def _inlined(check: ast.FunctionDef, entry_point: str) -> list[ast.stmt]:
    """The body of `check` as statements of a module; its own names become names that nobody else has."""
    arguments = check.args
    if len(arguments.args) != 1 or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
        raise _NotAListOfAssertsError
    parts = [part for statement in check.body for part in ast.walk(statement)]
    if check.decorator_list or any(isinstance(part, (ast.Global, ast.Nonlocal, ast.Return)) for part in parts):
        raise _NotAListOfAssertsError
    candidate = arguments.args[0].arg
    own_names = bound_names(check.body)
    assigned = [part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    used_as_keyword = {part.arg for part in parts if isinstance(part, ast.keyword)}
    if not all(map(_is_renamable, parts)):
        raise _NotAListOfAssertsError
    if candidate in own_names or own_names & used_as_keyword or _may_be_changed(check.body, set(assigned)):
        raise _NotAListOfAssertsError
    renaming = _Renaming({name: f"judge_{name}" for name in own_names} | {candidate: entry_point})
    return [renaming.visit(copy.deepcopy(statement)) for statement in check.body]


def _is_renamable(part: ast.AST) -> bool:
    """Whether a name that this binds, if it binds any, can be given another name."""
    aliases = part.names if isinstance(part, (ast.Import, ast.ImportFrom)) else []
    return not any(alias.name == "*" or (alias.asname is None and "." in alias.name) for alias in aliases)


def _may_be_changed(body: list[ast.stmt], names: set[str]) -> bool:
    """Whether two asserts use the same value, which the first of them could change."""
    used: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.Assert):
            here = {part.id for part in ast.walk(statement) if isinstance(part, ast.Name)} & names
            if here & used:
                return True
            used |= here
    return False


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._names.get(node.arg, node.arg)
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        return self.generic_visit(node)

    def visit_alias(self, node: ast.alias) -> ast.AST:
        node.asname = self._names.get(node.asname or node.name, node.asname)
        return node

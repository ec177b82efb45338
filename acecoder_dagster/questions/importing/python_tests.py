"""What a test in Python asserts and calls, by its syntax tree. Nothing is executed."""

import ast
import builtins
import re
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.python_source import NO_TREE, parse_source, unparse

BUILTIN_NAMES = frozenset(dir(builtins))


@dataclass(frozen=True)
class ExaminedTest:
    """A test as read: its text, a key that is equal for tests of equal meaning, and why it cannot be used, if so.

    `tree` is the syntax tree without the messages of asserts, None where the text does not parse.
    """

    text: str
    key: str
    reason: Reason | None = None
    evidence: str = ""
    tree: ast.Module | None = None


def parse(source: str) -> ast.Module | None:
    """Return the syntax tree, or None when the source is no Python."""
    try:
        return _parse(source)
    except NO_TREE:
        return None


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        return parse_source(source)


def examine_test(text: str, entry_point: str) -> ExaminedTest:
    """Tidy a test and find out whether it can be used: it parses, asserts something and calls the entry point.

    Messages of asserts are ignored: tests that differ only in them have the same key.
    """
    tidy = tidy_source(text)
    try:
        tree = _parse(tidy)
        asserts = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        for statement in asserts:
            statement.msg = None
        key = ast.dump(tree)
    except NO_TREE as error:
        return ExaminedTest(tidy, tidy, Reason.DOES_NOT_PARSE, f"{type(error).__name__}: {error}")
    if not asserts:
        return ExaminedTest(tidy, key, Reason.NO_ASSERT, "no assert statement", tree)
    if not any(_hands_over(call, entry_point) for call in _calls(tree)):
        return ExaminedTest(tidy, key, Reason.ENTRY_POINT_NOT_CALLED, f"never calls {entry_point}", tree)
    return ExaminedTest(tidy, key, tree=tree)


def tidy_source(text: str) -> str:
    r"""Return the source with `\n` line ends and without superfluous blanks around it.

    Removed are blanks before and after, an indentation of the whole, and all but one of the blanks and tabs that
    language models write after `assert`. Texts inside the statements stay as they are.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text[:1] in {" ", "\t"}:
        text = textwrap.dedent(text)
    return re.sub(r"^assert[ \t]+", "assert ", text.strip())


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _hands_over(call: ast.Call, name: str) -> bool:
    """Tell whether the call is of that name or passes it on, as in `check(name)` and `map(name, values)`.

    The name may be that of a method: `Solution().f`.
    """
    return any(_is_called(node, name) for node in (call.func, *call.args))


def _is_called(node: ast.expr, name: str) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute)) and unparse(node) == name


def call_arguments(test: str, entry_point: str) -> str | None:
    """Return the argument list of the test's first direct call of the entry point as source, or None without one."""
    tree = parse(test)
    calls = [] if tree is None else _calls(tree)
    for call in calls:
        if _is_called(call.func, entry_point):
            keywords = [
                f"{word.arg}={unparse(word.value)}" if word.arg else f"**{unparse(word.value)}"
                for word in call.keywords
            ]
            return ", ".join([unparse(argument) for argument in call.args] + keywords)
    return None


def most_called_function(tests: list[str], defined: set[str]) -> str | None:
    """Return the function that most tests call: one of those defined, or if they call none of these, any but builtins.

    Among functions called equally often, the outermost call of the first test wins. None when no test calls any.
    """
    counts: Counter[str] = Counter()
    for test in tests:
        tree = parse(test)
        called = [] if tree is None else [call.func.id for call in _calls(tree) if isinstance(call.func, ast.Name)]
        counts.update(dict.fromkeys(called, 1))
    candidates = [name for name in counts if name in defined] or [name for name in counts if name not in BUILTIN_NAMES]
    return max(candidates, key=lambda name: counts[name], default=None)


def defined_names(program: str) -> set[str]:
    """Return the functions and classes that the program defines at its top level; none when it does not parse."""
    tree = parse(program)
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return set() if tree is None else {node.name for node in tree.body if isinstance(node, definitions)}


def complete_check(check_code: str, entry_point: str) -> str:
    """Return a whole check as one test: code that defines `check` but never calls it gets the call appended."""
    tree = parse(check_code)
    if tree is None or _check_function(tree) is None:
        return check_code
    called = any(
        isinstance(call.func, ast.Name) and call.func.id == "check"
        for statement in tree.body
        if isinstance(statement, ast.Expr)
        for call in _calls(statement)
    )
    return check_code if called else f"{check_code.rstrip()}\n\n\ncheck({entry_point})\n"


def _check_function(tree: ast.Module) -> ast.FunctionDef | None:
    return next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)


def lift_asserts(check_code: str, entry_point: str) -> list[str] | None:
    """Return the assert statements of `check(candidate)` as single tests of the entry point.

    None when that would change what is checked: when `check` holds anything but asserts (a loop, a variable), or an
    assert uses a name that is neither the candidate, a builtin nor its own (a helper of the module).
    Asserts of constants, like HumanEval's `assert True`, are lifted too; they test nothing and are rejected later.
    """
    tree = parse(check_code)
    check = None if tree is None else _check_function(tree)
    if check is None or len(check.args.args) != 1:
        return None
    candidate = check.args.args[0].arg
    body = [statement for statement in check.body if not _does_nothing(statement)]
    if not all(isinstance(s, ast.Assert) and _free_names(s) <= {candidate, entry_point} | BUILTIN_NAMES for s in body):
        return None
    if not any(_hands_over(call, candidate) for statement in body for call in _calls(statement)):
        return None
    return [unparse(_Rename(candidate, entry_point).visit(statement)) for statement in body]


def _does_nothing(statement: ast.stmt) -> bool:
    """Tell whether it is a docstring, `pass`, or a name by itself (HumanEval/129 has a lone `print`)."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant | ast.Name)
    return isinstance(statement, ast.Pass)


def _free_names(tree: ast.AST) -> set[str]:
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return {node.id for node in names} - bound


class _Rename(ast.NodeTransformer):
    def __init__(self, old: str, new: str) -> None:
        self.old, self.new = old, new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.new, node.ctx) if node.id == self.old else node

"""A test as plain data: which call of the question's function must give which value."""

import ast
import builtins
from dataclasses import dataclass

from acecoder_dagster.python_source import NO_TREE, parse_source, unparse

Literals = tuple[object, ...]


@dataclass(frozen=True)
class CallTest:
    """A test taken apart.

    Attributes:
        call: Python text of the call, as `ast.unparse` writes it: equal calls have equal texts.
        arguments: its positional arguments as values; None where they are no literals or have names.
        expected: the value that the call must give.
    """

    call: str
    arguments: Literals | None
    expected: object


def named_like_builtin(entry_point: str) -> bool:
    """Tell whether Python has a builtin of this name: a program passes then without defining the function."""
    return hasattr(builtins, entry_point)


def split_test(test: str, entry_point: str) -> CallTest | None:
    """Take a test apart that compares one call with a literal; None for any other test.

    Read are `assert f(...) == value` either way round, `is` instead of `==`, `assert f(...)` and `assert not f(...)`,
    the last two as comparisons with True and False.
    """
    try:
        (statement,) = parse_source(test).body
    except NO_TREE:
        return None
    if not isinstance(statement, ast.Assert):
        return None
    call, expected = _call_and_expected(statement.test, entry_point)
    if call is None or expected is None:
        return None
    try:
        value = ast.literal_eval(expected)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return CallTest(unparse(call), _literal_arguments(call), value)


def _call_and_expected(claim: ast.expr, entry_point: str) -> tuple[ast.Call | None, ast.expr | None]:
    def is_call(node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == entry_point

    match claim:
        case ast.Call() as call if is_call(call):
            return call, ast.Constant(True)
        case ast.UnaryOp(ast.Not(), ast.Call() as call) if is_call(call):
            return call, ast.Constant(False)
        case ast.Compare(ast.Call() as call, [ast.Eq() | ast.Is()], [value]) if is_call(call):
            return call, value
        case ast.Compare(value, [ast.Eq() | ast.Is()], [ast.Call() as call]) if is_call(call):
            return call, value
    return None, None


def _literal_arguments(call: ast.Call) -> Literals | None:
    if call.keywords:
        return None
    try:
        return tuple(ast.literal_eval(argument) for argument in call.args)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def value_key(value: object) -> str:
    """Return a text that is the same for equal plain values, such as 1, 1.0 and True, and differs for others."""
    if isinstance(value, bool | int | float):
        if isinstance(value, int) and abs(value) >= 2**53:
            # Decimal digits of whole numbers are limited, and slow to find.
            return hex(value)
        return "0.0" if value == 0 else repr(float(value))
    if isinstance(value, dict):
        pairs = sorted(f"{value_key(key)}:{value_key(item)}" for key, item in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, set | frozenset):
        return "{|" + ",".join(sorted(value_key(item) for item in value)) + "|}"
    if isinstance(value, list | tuple):
        inner = ",".join(value_key(item) for item in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner},)"
    return f"{type(value).__name__} {value!r}"

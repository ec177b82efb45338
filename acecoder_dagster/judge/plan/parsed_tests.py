"""Tests as syntax trees.

What a test expects is often a long literal. In an assert statement it becomes one constant of the tree, so that nothing
that looks at the tree later goes through its parts. Elsewhere literals stay as they are: a call could change them.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from acecoder_dagster.judge.plan.names import loaded_names, top_names
from acecoder_dagster.python_source import NO_TREE, parse_source

MAX_TEST_BYTES = 100_000
_LARGEST_INTEGER = 10**300  # `repr` of a longer one may fail, or take long
_LEAVES = (ast.Constant, ast.Name, ast.expr_context, ast.cmpop, ast.operator, ast.unaryop, ast.boolop)
_KINDS: dict[type[ast.AST], Callable[[Any], object]] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}


@dataclass(frozen=True, slots=True)
class PlainTest:
    """What nearly all generated tests are: `assert f(CONSTANTS) == CONSTANT`. They need no further look at a tree.

    Attributes:
        name: the function that is called.
        call: the text of the call.
        expected: the value that passes.
        expected_text: the same as Python text.
    """

    name: str
    call: str
    expected: Any
    expected_text: str


@dataclass(frozen=True, slots=True)
class ParsedTest:
    """A test, parsed once.

    Attributes:
        body: its statements; none where there is a problem.
        problem: why it has no tree, or is not taken apart; empty where it can be.
        defined: names that it defines for later tests.
        read: names that it reads.
        plain: what it asks, where it is a plain test.
    """

    __test__ = False  # not a test class of pytest's

    body: list[ast.stmt]
    problem: str
    defined: frozenset[str]
    read: frozenset[str]
    plain: PlainTest | None = None


def parse_test(text: str) -> ParsedTest:
    """Parse a test, or setup code."""
    if len(text) > MAX_TEST_BYTES:
        return _problem("too long")
    try:
        body = parse_source(text).body
        for statement in body:
            if isinstance(statement, ast.Assert):
                statement.test = _with_literals_folded(statement.test)
        if (plain := _plain_test(body)) is not None:
            return ParsedTest(body, "", frozenset(), frozenset({plain.name}), plain)
        defined = [top_names(statement) for statement in body if not isinstance(statement, ast.Assert)]
        return ParsedTest(body, "", frozenset[str]().union(*defined), loaded_names(body))
    except NO_TREE as error:
        return _problem(f"does not parse: {error}")


def _problem(text: str) -> ParsedTest:
    return ParsedTest([], text, frozenset(), frozenset())


def _plain_test(body: list[ast.stmt]) -> PlainTest | None:
    match body:
        case [ast.Assert(ast.Compare(ast.Call(ast.Name(name), arguments, keywords), [ast.Eq()], [expected]), None)]:
            try:
                parts = [_text_of_constant(argument) for argument in arguments]
                parts += [f"{keyword.arg}={_text_of_constant(keyword.value)}" for keyword in keywords if keyword.arg]
                if len(parts) == len(arguments) + len(keywords):
                    text = _text_of_constant(expected)
                    return PlainTest(name, f"{name}({', '.join(parts)})", cast(ast.Constant, expected).value, text)
            except _NotALiteralError:
                pass
    return None


def _text_of_constant(node: ast.AST) -> str:
    if isinstance(node, ast.Starred):
        return f"*{_text_of_constant(node.value)}"
    if isinstance(node, ast.Constant):
        # What is more than one value has been looked at when it was folded.
        is_folded = isinstance(node.value, (list, tuple, dict, set))
        return repr(node.value if is_folded else _checked(node.value))
    raise _NotALiteralError


class _NotALiteralError(Exception):
    """Some part is more than a constant that `repr` writes."""


def _with_literals_folded(root: ast.expr) -> ast.expr:
    """Replace lists, tuples, dicts and sets of constants by constants with the same value."""
    holder = ast.Expr(root)
    open_nodes: list[ast.AST] = [holder]
    while open_nodes:
        node = open_nodes.pop()
        for field, child in ast.iter_fields(node):
            if isinstance(child, list):
                child[:] = [_folded(part) for part in child]
                open_nodes += [part for part in child if isinstance(part, ast.AST) and not isinstance(part, _LEAVES)]
            elif isinstance(child, ast.AST) and not isinstance(child, _LEAVES):
                setattr(node, field, _folded(child))
                open_nodes.append(getattr(node, field))
    return holder.value


def _folded(node: Any) -> Any:  # noqa: ANN401 - whatever a tree holds
    if isinstance(node, (ast.List, ast.Tuple, ast.Dict, ast.Set)):
        try:
            return ast.copy_location(ast.Constant(_value(node)), node)
        except (_NotALiteralError, TypeError):
            pass
    return node


def _value(node: ast.AST | None) -> Any:  # noqa: ANN401 - any literal
    if isinstance(node, ast.Constant):
        return _checked(node.value)
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return _KINDS[type(node)](_value(part) for part in node.elts)
    if isinstance(node, ast.Dict):
        return {_value(key): _value(value) for key, value in zip(node.keys, node.values, strict=True)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        if type(value) in (int, float):
            return -_checked(value)  # type: ignore[operator]
    raise _NotALiteralError


def _checked(value: object) -> object:
    is_written_by_repr = value is None or type(value) in (str, bytes, bool)
    is_written_by_repr |= type(value) is int and value < _LARGEST_INTEGER
    is_written_by_repr |= type(value) is float and math.isfinite(value)
    if not is_written_by_repr:
        raise _NotALiteralError
    return value

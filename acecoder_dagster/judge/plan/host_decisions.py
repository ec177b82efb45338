"""Decides simple comparisons on the host: on plain values, and without executing any text.

All other comparisons are made in a sandbox. Values above a size are left to it too, so that a hostile one, such as a
set of colliding numbers, cannot keep the host busy.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from acecoder_dagster.judge.guest.encoding import decode_values, encode_values
from acecoder_dagster.judge.plan.calls import PLACEHOLDER
from acecoder_dagster.python_source import unparse

MAX_HOST_BYTES = 16_384
Decision = Callable[[Sequence[Any]], bool]

_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_NOT_A_LITERAL = object()
_NUMPY = b'{"numpy"'  # the host may have none


class _NeedsSandboxError(Exception):
    """The values are of a kind that the host does not compare."""


def host_decision(comparison: ast.expr) -> Decision | None:
    """Make a function that decides a comparison without executing text.

    Args:
        comparison: an expression over the placeholder, such as `__r0 == [1, 2]`.

    Returns:
        A function from decoded values to the truth of the comparison; it raises what the comparison would raise. None
        where the expression is not of a simple form.
    """
    if _is_placeholder(comparison):
        return lambda values: bool(values[0])
    if isinstance(comparison, ast.UnaryOp) and isinstance(comparison.op, ast.Not):
        inner = host_decision(comparison.operand)
        return None if inner is None else lambda values: not inner(values)
    if isinstance(comparison, ast.Compare) and len(comparison.ops) == 1:
        return _compare(comparison.left, comparison.ops[0], comparison.comparators[0])
    if isinstance(comparison, ast.Call) and unparse(comparison.func) == "math.isclose":
        return _isclose(comparison)
    return None


def passing_payload(comparison: ast.expr) -> bytes | None:
    """Return the encoding of the value that passes, so that the usual case is decided by comparing bytes.

    Args:
        comparison: an expression over the placeholder, such as `__r0 == 5`.

    Returns:
        What `encode_values` writes for the expected value; None where not exactly one value is expected.
    """
    value: Any = _NOT_A_LITERAL
    if _is_placeholder(comparison):
        value = True
    elif isinstance(comparison, ast.UnaryOp) and isinstance(comparison.op, ast.Not):
        value = False if _is_placeholder(comparison.operand) else _NOT_A_LITERAL
    elif isinstance(comparison, ast.Compare) and isinstance(comparison.ops[0], (ast.Eq, ast.Is)):
        sides = (comparison.left, comparison.comparators[0])
        if len(comparison.ops) == 1 and any(map(_is_placeholder, sides)):
            value = next((v for side in sides if (v := _literal(side)) is not _NOT_A_LITERAL), value)
            if isinstance(comparison.ops[0], ast.Is) and not (value is None or isinstance(value, bool)):
                value = _NOT_A_LITERAL
    return None if value is _NOT_A_LITERAL else payload_of(value)


def payload_of(value: object) -> bytes | None:
    """Return the encoding of one plain value.

    Args:
        value: an expected value.

    Returns:
        What `encode_values` writes for it; None where a wrong value could be written in the same way.
    """
    payload = encode_values([value])
    # A literal too deep for the encoding arrives as something else, and so would a wrong value.
    return payload if decode_values(payload) == [value] else None


def decide_on_host(decision: Decision, payload: bytes) -> bool | None:
    """Apply a decision to the values that a program claims.

    Args:
        decision: from `host_decision`.
        payload: encoded values.

    Returns:
        The truth of the comparison; None where the values are too large for the host, or of a kind it does not compare.

    Raises:
        Exception: what the comparison raises, and ValueError for bytes that are not encoded values.
    """
    if len(payload) > MAX_HOST_BYTES or _NUMPY in payload:
        return None
    try:
        return decision(decode_values(payload))
    except _NeedsSandboxError:
        return None


def _compare(left: ast.expr, operation: ast.cmpop, right: ast.expr) -> Decision | None:
    compare = _OPERATORS.get(type(operation))
    left_value, right_value = _operand(left), _operand(right)
    if compare is None or left_value is None or right_value is None:
        return None
    constants = [v for side in (left, right) if (v := _literal(side)) is not _NOT_A_LITERAL]
    if isinstance(operation, (ast.Is, ast.IsNot)) and not all(c is None or type(c) is bool for c in constants):
        return None
    return lambda values: bool(compare(left_value(values), right_value(values)))


def _operand(node: ast.expr) -> Callable[[Sequence[Any]], Any] | None:
    """A placeholder, a literal, or the distance between the two: `abs(__r0 - 0.5)`."""
    if _is_placeholder(node):
        return operator.itemgetter(0)
    constant = _literal(node)
    if constant is not _NOT_A_LITERAL:
        return lambda values: constant
    match node:
        case ast.Call(ast.Name("abs"), [ast.BinOp(left, ast.Sub(), right)], []):
            first, second = _operand(left), _operand(right)
            if first is not None and second is not None:
                return lambda values: abs(_number(first(values)) - _number(second(values)))
    return None


def _isclose(call: ast.Call) -> Decision | None:
    operands = [_operand(argument) for argument in call.args]
    options = {str(keyword.arg): _literal(keyword.value) for keyword in call.keywords}
    if len(operands) != 2 or not set(options) <= {"rel_tol", "abs_tol"}:
        return None
    if not all(type(value) in (int, float) for value in options.values()):
        return None
    first, second = operands
    if first is None or second is None:
        return None
    return lambda values: math.isclose(_number(first(values)), _number(second(values)), **options)


def _number(value: Any) -> Any:  # noqa: ANN401 - whatever the program returned
    if type(value) not in (int, float, bool):
        raise _NeedsSandboxError
    return value


def _is_placeholder(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == PLACEHOLDER


def _literal(node: ast.expr) -> Any:  # noqa: ANN401 - any literal
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NOT_A_LITERAL

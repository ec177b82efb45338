"""Mutants: programs with one small fault each, which a suite of tests should notice.

The tools for mutation testing (mutmut, cosmic-ray) change files on disk and start a test runner for each change; here a
program is a text and the judge runs it, so what is needed of them is the list of faults. The operators are theirs.
"""

import ast
import copy
import random
from collections.abc import Iterator

from acecoder_dagster.python_source import parse_source, unparse

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Add,),
    ast.Div: (ast.FloorDiv, ast.Mult),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}


def mutants(program: str, limit: int, seed: int = 0) -> list[str]:
    """Return different programs that differ from the given one by one operator, condition, constant or statement.

    Args:
        program: Python source; comments and docstrings do not come back.
        limit: the most to return; drawn at random where there are more.
        seed: of the drawing.

    Returns:
        Sources, in the order of their faults; none where the program does not parse.
    """
    try:
        tree = parse_source(program)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found: dict[str, None] = {}
    original = unparse(tree)
    for position, node in enumerate(ast.walk(tree)):
        for change in range(len(list(_changes(node)))):
            changed = copy.deepcopy(tree)
            # A copy is walked in the same order, so that the same change can be made in it.
            target = next(each for number, each in enumerate(ast.walk(changed)) if number == position)
            list(_changes(target))[change]()
            text = unparse(ast.fix_missing_locations(changed))
            if text != original:
                found[text] = None
    texts = list(found)
    if len(texts) <= limit:
        return texts
    chosen = sorted(random.Random(seed).sample(range(len(texts)), limit))
    return [texts[number] for number in chosen]


class _Change:
    """A change of one attribute of a node, made when called."""

    def __init__(self, node: ast.AST, field: str, value: object) -> None:
        self._node, self._field, self._value = node, field, value

    def __call__(self) -> None:
        setattr(self._node, self._field, self._value)


def _changes(node: ast.AST) -> Iterator[_Change]:
    """Yield the changes that can be made to a node."""
    yield from _other_operators(node)
    yield from _other_expressions(node)
    yield from _without_statements(node)


def _other_operators(node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare(ops=[operator]):
            for other in COMPARISONS.get(type(operator), ()):
                yield _Change(node, "ops", [other()])
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            for another in OPERATORS.get(type(op), ()):
                yield _Change(node, "op", another())
        case ast.BoolOp(op=op):
            yield _Change(node, "op", ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.USub()):
            yield _Change(node, "op", ast.UAdd())


def _other_expressions(node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Constant(value=value):
            for constant in _other_constants(value):
                yield _Change(node, "value", constant)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield _Change(node, "test", ast.UnaryOp(ast.Not(), test))
        case ast.comprehension(ifs=[_, *_]):
            yield _Change(node, "ifs", [])
        case ast.Return(value=value) if value is not None:
            yield _Change(node, "value", ast.Constant(None))
        case ast.Slice(lower=lower, upper=upper):
            if lower is not None:
                yield _Change(node, "lower", None)
            if upper is not None:
                yield _Change(node, "upper", None)


def _without_statements(node: ast.AST) -> Iterator[_Change]:
    """Yield changes that put `pass` or the other loop exit in place of a statement."""
    body = getattr(node, "body", None)
    if not isinstance(body, list) or isinstance(node, ast.Module | ast.ClassDef):
        return
    for number, statement in enumerate(body):
        match statement:
            case ast.Break():
                other: ast.stmt = ast.Continue()
            case ast.Continue():
                other = ast.Break()
            case ast.Assign() | ast.AugAssign() | ast.Expr(value=ast.Call()):
                other = ast.Pass()
            case _:
                continue
        yield _Change(node, "body", [*body[:number], other, *body[number + 1 :]])


def _other_constants(value: object) -> tuple[object, ...]:
    match value:
        case bool():
            return (not value,)
        case int() | float():
            return (value + 1, value - 1)
        case str() if 0 < len(value) <= 20:
            return ("", value + "X")
    return ()

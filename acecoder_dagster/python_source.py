"""Reading Python source in a process where several threads do so.

CPython up to 3.12 counts the depth of all trees under construction in one place: when another thread builds its tree in
between, `ast.parse` fails with "SystemError: AST constructor recursion depth mismatch" (python/cpython#106905). Judges
plan in threads, so everything that parses in this package does it here.
"""

import ast
import copy
import threading
import warnings

_ONE_AT_A_TIME = threading.RLock()

NO_TREE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What is raised for a text that has no syntax tree, or one that is too deep."""


def parse_source(source: str) -> ast.Module:
    """Return the tree of a module; raises what ``ast.parse`` raises."""
    with _ONE_AT_A_TIME:
        return ast.parse(source)


def unparse(node: ast.AST) -> str:
    """Return the text of a tree, also where ``ast.unparse`` has none.

    Numbers that are too long for decimals are written as hexadecimals, and formatted strings that would need a
    backslash as calls of ``format``; raises RecursionError where the tree is too deep.
    """
    try:
        return ast.unparse(node)
    except ValueError:
        return ast.unparse(_Writable().visit(copy.deepcopy(node)))


class _Writable(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(_Hexadecimal(node.value)) if type(node.value) is int else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [self.visit(part) for part in node.values]
        return ast.Call(ast.Attribute(ast.Constant(""), "join", ast.Load()), [ast.List(parts, ast.Load())], [])

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        value = self.visit(node.value)
        if node.conversion != -1:
            name = {"s": "str", "r": "repr", "a": "ascii"}[chr(node.conversion)]
            value = ast.Call(ast.Name(name, ast.Load()), [value], [])
        spec = [self.visit(node.format_spec)] if node.format_spec else []
        return ast.Call(ast.Name("format", ast.Load()), [value, *spec], [])


class _Hexadecimal(int):
    def __repr__(self) -> str:
        return hex(self)


def bare_source(source: str) -> str:
    """Return a module as its syntax tree is printed, without docstrings and other texts that stand for comments.

    Modules that differ in comments, layout, brackets or quotes alone are the same text then.

    Raises:
        SyntaxError: it is no Python; in rare cases ValueError, RecursionError or MemoryError (`NO_TREE`).
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        tree = parse_source(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [line for line in body if not _is_text(line)] or [ast.Pass()]  # type: ignore[attr-defined]
    return unparse(tree)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def parse_expression(source: str) -> ast.expr:
    """Return the tree of one expression; raises what ``ast.parse`` raises."""
    with _ONE_AT_A_TIME:
        return ast.parse(source, mode="eval").body


def parse_literal(source: str) -> object:
    """Return the value of a literal; raises what ``ast.literal_eval`` raises."""
    with _ONE_AT_A_TIME:
        return ast.literal_eval(source)

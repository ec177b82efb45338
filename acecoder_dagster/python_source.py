"""Reading Python source in a process where several threads do so.

CPython up to 3.12 counts the depth of all trees under construction in one place: when another thread builds its tree in
between, `ast.parse` fails with "SystemError: AST constructor recursion depth mismatch" (python/cpython#106905). Judges
plan in threads, so everything that parses in this package does it here.
"""

import ast
import threading

_ONE_AT_A_TIME = threading.RLock()


def parse_source(source: str) -> ast.Module:
    """Return the tree of a module; raises what ``ast.parse`` raises."""
    with _ONE_AT_A_TIME:
        return ast.parse(source)


def parse_expression(source: str) -> ast.expr:
    """Return the tree of one expression; raises what ``ast.parse`` raises."""
    with _ONE_AT_A_TIME:
        return ast.parse(source, mode="eval").body


def parse_literal(source: str) -> object:
    """Return the value of a literal; raises what ``ast.literal_eval`` raises."""
    with _ONE_AT_A_TIME:
        return ast.literal_eval(source)

"""Decides where a test runs that cannot be split: in a process of its own, by proxies, or in the program's process.

It runs by proxies unless its text shows that it may need the program's process: for files, captured output, patched
modules, or the program's source. The text alone decides, so that no program can choose.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator

from acecoder_dagster.python_source import NO_TREE, parse_source

MAX_LOOP_ROUNDS = 2000  # a message takes longer than a call
# Modules whose functions give the same in the program's process and in another.
_PURE_MODULE_NAMES = """
    __future__ abc bisect cmath collections copy dataclasses datetime decimal enum fractions functools heapq itertools
    json math numbers numpy operator random re statistics string textwrap typing unittest
"""
_PURE_MODULES = frozenset(_PURE_MODULE_NAMES.split())
_FUNCTIONS = """
    open input exec eval compile globals locals vars __import__ breakpoint memoryview super redirect_stdout
    redirect_stderr patch mock namedtuple NamedTuple SimpleNamespace
"""
_ATTRIBUTES = """
    redirect_stdout redirect_stderr patch mock assertLogs assertNoLogs assertWarns assertWarnsRegex seed
    IsolatedAsyncioTestCase namedtuple NamedTuple SimpleNamespace
"""
_SHARING_NAMES, _SHARING_ATTRIBUTES = frozenset(_FUNCTIONS.split()), frozenset(_ATTRIBUTES.split())
_READABLE_SPECIALS = frozenset({"__name__", "__doc__", "__class__", "__dict__", "__future__", "__init__"})


def can_run_by_proxies(texts: Iterable[str], entry_point: str) -> bool:
    """Whether tests can run in another process than the program.

    Args:
        texts: Python text of the tests, and of the code that they share.
        entry_point: the function or class under test.

    Returns:
        False where there is any doubt.
    """
    try:
        trees = [parse_source(text) for text in texts]
    except NO_TREE:
        return False
    parts = [part for tree in trees for part in ast.walk(tree)]
    own = {part.name for part in parts if isinstance(part, (ast.FunctionDef, ast.ClassDef))}
    own |= {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    own |= {(a.asname or a.name).partition(".")[0] for p in parts if _is_import(p) for a in getattr(p, "names", [])}
    own.discard(entry_point)
    return not any(_needs_shared_process(part, own) for part in parts) and all(
        _rounds(tree.body) <= MAX_LOOP_ROUNDS for tree in trees
    )


def _is_import(part: ast.AST) -> bool:
    return isinstance(part, (ast.Import, ast.ImportFrom))


def _needs_shared_process(part: ast.AST, own: set[str]) -> bool:
    if isinstance(part, (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)):
        return True
    if _is_import(part):
        return not all(_is_pure_import(name) for name in _imported(part))
    if isinstance(part, ast.Name):
        unavailable = part.id in sys.stdlib_module_names and part.id not in _PURE_MODULES and part.id not in own
        return unavailable or (part.id in _SHARING_NAMES and part.id not in own)
    if isinstance(part, ast.Attribute):
        is_special = part.attr.startswith("__") and part.attr not in _READABLE_SPECIALS
        return part.attr in _SHARING_ATTRIBUTES or is_special
    if isinstance(part, ast.ClassDef):
        return not all(_is_kept_apart(_root(base), own) for base in part.bases or [ast.Name("object")])
    return False


def _is_kept_apart(base: str, own: set[str]) -> bool:
    """Whether objects of a class with this base need not be handed to the program: exceptions, cases of unittest."""
    kind = getattr(builtins, base, None)
    return base in own or (isinstance(kind, type) and issubclass(kind, BaseException))


def _imported(part: ast.AST) -> Iterator[str]:
    if isinstance(part, ast.Import):
        yield from (alias.name for alias in part.names)
    elif isinstance(part, ast.ImportFrom):
        yield from (f"{part.module}.{alias.name}" for alias in part.names)


def _is_pure_import(name: str) -> bool:
    root, _, rest = name.partition(".")
    if root == "unittest":
        return rest in ("", "TestCase", "main", "TestSuite", "TextTestRunner")
    return root in _PURE_MODULES and not rest.endswith("*")


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _rounds(body: list[ast.stmt]) -> int:
    """How often statements are executed at most, as far as loops over a constant `range` tell."""
    most = 1
    for statement in body:
        for part in ast.walk(statement):
            rounds = 1
            if isinstance(part, (ast.For, ast.comprehension)):
                rounds = _range_length(part.iter)
            inner = _rounds(part.body) if isinstance(part, ast.For) else 1
            most = max(most, rounds * inner)
    return most


def _range_length(node: ast.expr) -> int:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"):
        return 1
    try:
        return len(range(*(ast.literal_eval(argument) for argument in node.args)))
    except (ValueError, TypeError, SyntaxError, OverflowError):
        is_power = any(isinstance(part, ast.Pow) for part in ast.walk(node))
        return MAX_LOOP_ROUNDS + 1 if is_power else 1

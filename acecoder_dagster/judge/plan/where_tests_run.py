"""Decides where a test runs that cannot be split: in a process of its own, by proxies, or in the program's process.

It runs by proxies unless its text shows that it may need the program's process: for files, captured output, patched
modules, or the program's source. The text alone decides, so that no program can choose.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator

from acecoder_dagster.python_source import NO_TREE, parse_source, unparse

MAX_LOOP_ROUNDS = 2000  # a message takes longer than a call
# Modules whose functions give the same in the program's process and in another.
_PURE_MODULE_NAMES = """
    __future__ abc base64 binascii bisect calendar cmath collections copy dataclasses datetime decimal difflib enum
    faker fractions functools hashlib heapq html ipaddress itertools json math numbers numpy operator pandas random re
    statistics string textwrap time typing unittest zlib
"""
_PURE_MODULES = frozenset(_PURE_MODULE_NAMES.split())
# Modules of which a test may use some things only: classes, whose names begin with a capital letter, and these.
_PARTLY_PURE = {
    "matplotlib": frozenset({"close", "use"}),
    "os": frozenset({"sep", "linesep", "join", "basename", "dirname", "splitext"}),
}
_SUBMODULES = frozenset({"path", "axes", "collections", "container", "figure", "lines", "patches", "pyplot", "text"})
_FUNCTIONS = """
    open input exec eval compile globals locals vars __import__ breakpoint memoryview super redirect_stdout
    redirect_stderr patch mock namedtuple NamedTuple SimpleNamespace
"""
_ATTRIBUTES = """
    redirect_stdout redirect_stderr patch mock assertLogs assertNoLogs assertWarns assertWarnsRegex
    IsolatedAsyncioTestCase namedtuple NamedTuple SimpleNamespace
"""
_SHARING_NAMES, _SHARING_ATTRIBUTES = frozenset(_FUNCTIONS.split()), frozenset(_ATTRIBUTES.split())
# What is seeded here, the program's process gets to know (`guest.randomness`); and Faker gives the test's values alone.
_SEEDED = frozenset({"random", "np.random", "numpy.random", "Faker", "fake", "faker"})
# By these, a test asks of what class something is; the class itself is handed to nobody.
_CLASS_POSITIONS = {"isinstance": 1, "issubclass": 1, "assertIsInstance": 1, "assertNotIsInstance": 1}
_CLASS_POSITIONS |= {"assertRaises": 0, "assertRaisesRegex": 0}
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
    if any(_uses_more_than_is_pure(tree) for tree in trees):
        return False
    asked_for = _names_of_classes(parts)
    return not any(_needs_shared_process(part, own, asked_for) for part in parts) and all(
        _rounds(tree.body) <= MAX_LOOP_ROUNDS for tree in trees
    )


def _is_import(part: ast.AST) -> bool:
    return isinstance(part, (ast.Import, ast.ImportFrom))


def _needs_shared_process(part: ast.AST, own: set[str], asked_for: set[str]) -> bool:
    if isinstance(part, (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)):
        return True
    if isinstance(part, (ast.Import, ast.ImportFrom)):
        bound = ((alias.asname or alias.name).partition(".")[0] for alias in part.names)
        return not all(
            _is_pure_import(full) or name in asked_for for full, name in zip(_imported(part), bound, strict=True)
        )
    if isinstance(part, ast.Name):
        unavailable = part.id in sys.stdlib_module_names and part.id not in _PURE_MODULES and part.id not in own
        return unavailable or (part.id in _SHARING_NAMES and part.id not in own)
    if isinstance(part, ast.Attribute):
        is_special = part.attr.startswith("__") and part.attr not in _READABLE_SPECIALS
        seeds = part.attr == "seed" and unparse(part.value) not in _SEEDED
        return part.attr in _SHARING_ATTRIBUTES or is_special or seeds
    if isinstance(part, ast.ClassDef):
        return not all(_is_kept_apart(_root(base), own) for base in part.bases or [ast.Name("object")])
    return False


def _names_of_classes(parts: list[ast.AST]) -> set[str]:
    """The names that are used for nothing but to ask of what class something is, and to catch exceptions."""
    places: list[ast.AST] = [part.type for part in parts if isinstance(part, ast.ExceptHandler) and part.type]
    for part in parts:
        if isinstance(part, ast.Call):
            position = _CLASS_POSITIONS.get(unparse(part.func).rpartition(".")[2], len(part.args))
            places += part.args[position : position + 1]
    asking = {id(name) for place in places for name in ast.walk(place) if isinstance(name, ast.Name)}
    names = [part for part in parts if isinstance(part, ast.Name)]
    return {name.id for name in names if id(name) in asking} - {name.id for name in names if id(name) not in asking}


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
    return (root in _PURE_MODULES or root in _PARTLY_PURE) and not rest.endswith("*")


def _uses_more_than_is_pure(tree: ast.Module) -> bool:
    """Whether something of a partly pure module is used that is not pure."""
    parts = list(ast.walk(tree))
    modules: dict[str, str] = {}
    for part in filter(_is_import, parts):
        for alias, full in zip(part.names, _imported(part), strict=True):  # type: ignore[attr-defined]
            if full.partition(".")[0] in _PARTLY_PURE:
                is_whole = isinstance(part, ast.Import) and alias.asname is None
                modules[full.partition(".")[0] if is_whole else alias.asname or alias.name] = full
    inner = {id(part.value) for part in parts if isinstance(part, ast.Attribute)}
    return any(
        id(part) not in inner and not _is_pure_use(part, modules)
        for part in parts
        if isinstance(part, (ast.Attribute, ast.Name))
    )


def _is_pure_use(part: ast.expr, modules: dict[str, str]) -> bool:
    names: list[str] = []
    while isinstance(part, ast.Attribute):
        names.append(part.attr)
        part = part.value
    if not isinstance(part, ast.Name) or part.id not in modules:
        return True
    module = modules[part.id]
    # `matplotlib.figure` is a module, and `matplotlib.pyplot.figure` a function.
    path = [*module.split(".")[1:], *reversed(names)]
    while path and path[0] in _SUBMODULES:
        if path.pop(0) == "pyplot":
            break
    return not path or path[0][:1].isupper() or path[0] in _PARTLY_PURE[module.partition(".")[0]]


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

"""What a comparison may use, and whether it depends on values alone.

The process that compares holds all expected values of a question. The comparison in `eval(f(1)) == 5` would let a
program run there; one by `answers.pop()` would give another answer to the next program.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Sequence

_EXECUTING_NAMES = """
    eval exec compile __import__ open input breakpoint globals locals vars getattr setattr delattr
"""
_EXECUTING = frozenset(_EXECUTING_NAMES.split())
# Modules of which no function executes a plain value or opens what it names.
_HARMLESS_NAMES = """
    __future__ abc array ast base64 binascii bisect calendar cmath collections colorsys copy datetime decimal difflib
    enum fractions functools hashlib heapq hmac html ipaddress itertools json keyword math numbers numpy operator
    pprint random re statistics string struct textwrap time types typing unicodedata uuid zlib zoneinfo
"""
_HARMLESS = frozenset(_HARMLESS_NAMES.split())
# Of which functions give another answer each time.
_CHANGING_MODULES = frozenset({"random", "time", "datetime", "uuid", "secrets"})
_CHANGEABLE = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)


def may_execute_values(definitions: Iterable[ast.stmt], names: frozenset[str]) -> bool:
    """Whether a comparison might execute a value, or do anything else with it than compute.

    Args:
        definitions: statements that define names for the comparison.
        names: every name that it uses, directly or through these definitions.

    Returns:
        False where everything that it uses is known to be harmless.
    """
    modules = {name: name for name in names & sys.stdlib_module_names}
    for statement in definitions:
        if isinstance(statement, ast.Import):
            modules |= {(a.asname or a.name).partition(".")[0]: a.name for a in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            modules |= {alias.asname or alias.name: statement.module or "" for alias in statement.names}
        elif isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            modules.pop(statement.name, None)
    used = {module.partition(".")[0] for name, module in modules.items() if name in names}
    return bool(names & _EXECUTING) or not used <= _HARMLESS


def depends_on_values_alone(used: Sequence[ast.stmt], names: frozenset[str], comparison: ast.expr) -> bool:
    """Whether a comparison says the same of the same value, whatever has been compared before.

    Args:
        used: those statements that define these names and are executed once for many comparisons.
        names: every name that the comparison uses, directly or through definitions.
        comparison: the comparison.

    Returns:
        False where there is any doubt.
    """
    parts = [part for node in (*used, comparison) for part in ast.walk(node)]
    has_chance = any(isinstance(part, ast.Attribute) and part.attr in _CHANGING_MODULES for part in parts)
    modules = {alias.name for part in parts if isinstance(part, ast.Import) for alias in part.names}
    modules |= {part.module or "" for part in parts if isinstance(part, ast.ImportFrom)}
    modules |= names
    if has_chance or any(module.partition(".")[0] in _CHANGING_MODULES for module in modules):
        return False
    return not any(map(_may_keep_state, used))


def _may_keep_state(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return any(isinstance(part, (ast.Call, *_CHANGEABLE)) for part in ast.walk(statement.value))
    if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return False
    return bool(statement.decorator_list) or any(map(_keeps_state, ast.walk(statement)))


def _keeps_state(part: ast.AST) -> bool:
    if isinstance(part, ast.arguments):
        return not all(
            isinstance(default, ast.Constant) for default in (*part.defaults, *filter(None, part.kw_defaults))
        )
    if isinstance(part, ast.ClassDef):
        return any(isinstance(member, (ast.Assign, ast.AnnAssign)) for member in part.body)
    is_own = isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self"
    is_written = isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and not is_own
    return is_written or isinstance(part, (ast.Global, ast.Nonlocal))

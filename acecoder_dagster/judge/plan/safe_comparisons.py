"""What a comparison may use: nothing that executes a value, or opens a file that a value names.

The process that compares holds all expected values of a question, and the values of other programs. The comparison in
`eval(f(1)) == 5` would let a program run there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable

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

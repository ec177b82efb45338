"""What a comparison may use: nothing that would execute what a program returned, or look for it on a disk.

Where values are compared, all expected values of a question are, and the values of other programs. `eval(f(1)) == 5`
would let a program run there.
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
    """Whether a comparison could do something with a value but compute with it.

    Args:
        definitions: statements that define names for it.
        names: every name it uses, also by way of these definitions.

    Returns:
        False when it uses nothing but what is known to be harmless.
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

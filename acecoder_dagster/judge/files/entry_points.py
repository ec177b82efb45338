"""Finds the function or class that tests are about, where the question does not name it."""

import ast
import builtins
import re
import sys
import warnings
from collections import Counter
from collections.abc import Sequence

from acecoder_dagster.judge.plan.names import bound_names, loaded_names
from acecoder_dagster.python_source import NO_TREE, parse_source

ENOUGH_PROGRAMS = 20
"""How many programs of a question are looked at."""

_BUILTIN_NAMES = frozenset(dir(builtins))
# Some programs are broken: they are searched, not parsed.
_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)", re.MULTILINE)


class EntryPointFinder:
    """Finds the name that the tests of one question use and its programs define.

    Attributes:
        programs: how many programs it has looked at, at most `ENOUGH_PROGRAMS`.
    """

    def __init__(self, tests: Sequence[str], setup_code: str) -> None:
        """Look at the tests.

        Args:
            tests: Python text, one entry per test.
            setup_code: Python text that is executed before them.
        """
        given = bound_names([_parse(setup_code)])
        self._used: Counter[str] = Counter()
        for tree in map(_parse, tests):
            self._used.update(loaded_names([tree]) - bound_names([tree]) - given)
        self._defined: Counter[str] = Counter()
        self.programs = 0

    def look_at(self, program: str) -> None:
        """Note what a program defines; after `ENOUGH_PROGRAMS` this does nothing."""
        if self.programs < ENOUGH_PROGRAMS:
            self.programs += 1
            self._defined.update({name for match in _DEFINITION.findall(program) for name in match} & self._used.keys())

    def found(self) -> str | None:
        """Return the name of the function or class.

        It is the name that most programs define; among equals, the one that most tests use. Where no program defines
        any, names of modules come last. A built-in name, such as `sum`, counts only where a program defines it and no
        other name is left.

        Returns:
            The name; None where the tests use built-in names and their own names alone.
        """

        def rank(name: str) -> tuple[bool, int, bool, int]:
            is_own = name not in _BUILTIN_NAMES
            return is_own, self._defined[name], name not in sys.stdlib_module_names, self._used[name]

        candidates = [name for name in sorted(self._used) if name not in _BUILTIN_NAMES or self._defined[name]]
        return max(candidates, key=rank, default=None)


def _parse(source: str) -> ast.Module:
    """Return the syntax tree, an empty one when the source is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return parse_source(source)
    except NO_TREE:
        return ast.Module([], [])

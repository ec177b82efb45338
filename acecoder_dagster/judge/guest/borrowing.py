"""The names of a test that runs apart from the program: those that it does not define are the program's."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import sys
import types
from typing import Any

from acecoder_dagster.judge.guest.asking import TestSide
from acecoder_dagster.judge.guest.proxies import ProxyClass, number_of

# Modules whose functions a test may use without importing them, because the program did.
_SHARED_MODULE_NAMES = """
    bisect cmath collections copy datetime decimal fractions functools heapq itertools json math operator random re
    statistics string typing _bisect _collections _functools _heapq _operator _random
"""
_SHARED_MODULES = frozenset(_SHARED_MODULE_NAMES.split())
_SHARED_PACKAGES = frozenset({"numpy", "pandas"})
_ALIASES = {"np": "numpy", "pd": "pandas", "dt": "datetime"}


class Names(dict[str, Any]):
    """The global names of a test. A name that the test does not define is the program's."""

    def __init__(self, side: TestSide, entry_point: str) -> None:
        super().__init__({"__name__": "candidate"})
        self._side = side
        self._entry_point = entry_point
        self._borrowed: set[str] = set()

    def __missing__(self, name: str) -> Any:
        if name.startswith("__") or (hasattr(builtins, name) and name != self._entry_point):
            raise KeyError(name)
        side = self._side
        try:
            kind, module, value = side.ask("name", name)
        except (AttributeError, NameError):
            raise KeyError(name) from None
        if name == self._entry_point:
            side.note_entry_point(value, is_class=name[:1].isupper())
        if name != self._entry_point:
            value = _own_version(kind, module, name, value)
            side.has_program_decided |= name in _SHARED_MODULES and not isinstance(value, types.ModuleType)
        if isinstance(value, ProxyClass):
            if name.lstrip("_")[:1].isupper():  # else it stands where the test expects a function
                side.named_classes.add(value)
        elif name != self._entry_point and isinstance(type(value), ProxyClass) and not name[:1].isupper():
            side.helpers.add(number_of(value))
        if isinstance(value, types.ModuleType) or callable(value):
            self[name] = value
            self._borrowed.add(name)
        return value

    def borrow(self, name: str) -> None:
        """Keep a name of the program, if it has it, in this dictionary until `give_back`."""
        if name not in self:
            with contextlib.suppress(KeyError):
                self[name] = self[name]
                self._borrowed.add(name)

    def give_back(self) -> None:
        """Forget the names of the program, so that the next test asks for them again."""
        for name in self._borrowed:
            self.pop(name, None)
        self._borrowed.clear()


def _own_version(kind: Any, module: Any, name: str, value: Any) -> Any:
    """What the program imported under its usual name, as this process has it."""
    if kind == "module" and module in _SHARED_MODULES | _SHARED_PACKAGES and _ALIASES.get(name, name) == module:
        return importlib.import_module(module)
    if kind == "standard" and module in _SHARED_MODULES:
        return getattr(importlib.import_module(module), name, value)
    if kind == "standard" and str(module).partition(".")[0] in _SHARED_PACKAGES:
        importlib.import_module(module.partition(".")[0])
        return getattr(sys.modules.get(module), name, value)
    return value

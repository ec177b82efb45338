"""Exceptions whose classes both sides of a conversation know."""

from __future__ import annotations

import sys
from typing import Any

from acecoder_dagster.judge.guest.messages import TamperedError

# What their exceptions do to a test is more than to fail it.
_DRIVING_TESTS = frozenset({"unittest", "doctest", "pytest", "_pytest", "hypothesis", "candidate"})


def is_known_to_both(kind: type[BaseException]) -> bool:
    """Whether a class of exceptions is Python's own, or an installed package's."""
    module = kind.__module__
    return type(module) is str and _error_class(module, kind.__name__) is kind


def _error_class(module: str, name: str) -> Any:
    kind = getattr(sys.modules.get(module), name, None)
    is_error = isinstance(kind, type) and issubclass(kind, BaseException)
    is_usual = not name.startswith("_") and module.partition(".")[0] not in _DRIVING_TESTS
    return kind if is_error and is_usual else None


def rebuild_error(module: str, name: str, builtin: str, arguments: list[Any]) -> BaseException:
    """Make an exception; where its module is not loaded here, nobody can ask for it, and its builtin base will do."""
    kind = _error_class(module, name) or _error_class("builtins", builtin)
    if kind is None:
        raise TamperedError
    try:
        error: BaseException = kind(*arguments)
    except Exception:  # some need more than they keep in `args`
        error = kind.__new__(kind, *arguments)
        error.args = tuple(arguments)
    return error

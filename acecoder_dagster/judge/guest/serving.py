"""The program's side of a conversation: it does with the program's objects what a test in another process asks.

Everything that it sends is a claim of the program's process, and no more.
"""

from __future__ import annotations

import builtins
import copy
import functools
import importlib
import sys
import types
from typing import Any

from acecoder_dagster.judge.guest import randomness
from acecoder_dagster.judge.guest.conversation import DONE, TURN, Conversation, Listening
from acecoder_dagster.judge.guest.encoding import NOT_AN_ATOM, plain_copy

OWN_EQUALITY, PLAIN_EQUALITY = "own", "plain"
# The special methods a test can use through a proxy.
_SPECIAL_NAMES = """
    len iter next reversed bool str repr format int float complex index hash bytes neg pos abs invert round trunc
    floor ceil getitem setitem delitem contains call enter exit eq ne lt le gt ge
    add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or
    radd rsub rmul rmatmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift rand rxor ror
    iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior
"""
SPECIAL_METHODS = frozenset(f"__{name}__" for name in _SPECIAL_NAMES.split())


class ProgramSide(Conversation):
    """Answers the requests of tests about one program."""

    def __init__(self, descriptor: int, listening: Listening, namespace: dict[str, Any]) -> None:
        super().__init__(descriptor, listening, first_number=0)
        self._namespace = namespace
        self._described: set[int] = set()
        self._descriptions: dict[int, Any] = {}

    def serve(self) -> None:
        """Answer requests until one test has ended."""
        self.send(TURN, None)
        while True:
            kind, content = self.receive()
            if kind == DONE:
                return
            self.answer(kind, content)

    def perform(self, operation: str, *arguments: Any) -> Any:
        """Do what a test asks for, by the method `_do_<operation>`; it raises what the program raises."""
        return getattr(self, f"_do_{operation}")(*arguments)

    def _do_name(self, name: str) -> Any:
        value = self._namespace[name] if name in self._namespace else getattr(builtins, name)
        if type(value) is types.ModuleType:
            return ("module", value.__name__, value)
        module = getattr(value, "__module__", None)
        if module != "candidate" and type(module) is str and getattr(sys.modules.get(module), name, None) is value:
            return ("standard", module, value)
        return ("value", "", value)

    def _do_get(self, thing: Any, name: str) -> Any:
        return getattr(thing, name)

    def _do_set(self, thing: Any, name: str, value: Any) -> None:
        setattr(thing, name, value)

    def _do_delete(self, thing: Any, name: str) -> None:
        delattr(thing, name)

    def _do_call(self, thing: Any, arguments: tuple[Any, ...], named: tuple[Any, ...]) -> Any:
        return thing(*arguments, **dict(named))

    def _do_special(self, name: str, thing: Any, *arguments: Any) -> Any:
        method = getattr(type(thing), name, None)
        if method is None:
            raise TypeError(f"{type(thing).__name__!r} object does not support {name}")
        return method(thing, *arguments)

    def _do_copy(self, function: str, thing: Any) -> Any:
        return getattr(copy, function)(thing)

    def _do_close(self, figure: Any) -> None:
        if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
            pyplot.close(figure)

    def _do_plain(self, thing: Any) -> Any:
        value = plain_copy(thing)
        if value is NOT_AN_ATOM:
            raise TypeError(f"{type(thing).__name__!r} is not plain data")
        return value

    def encode_object(self, value: Any) -> Any:
        """Encode an object of the program: its number, and the number of its class."""
        kind = type(value)
        if isinstance(value, type):
            name = value.__name__
            if value.__module__ == "builtins" and getattr(builtins, name, None) is value:
                return {"standard": ["builtins", name]}
            return {"class": self._class_number(value)}
        return {"object": [self.share(value), self._class_number(kind)]}

    def decode_object(self, tag: str, content: Any) -> Any:
        """Decode what a test handed to the program: functions, by name or to be called back, and exceptions."""
        if tag == "standard":
            module, name = content
            return functools.reduce(getattr, name.split("."), importlib.import_module(module))
        if tag == "function":
            number, name, outline, defaults = content
            return self._function(number, name, outline, self.decode(defaults))
        number, base, text = content
        error = getattr(builtins, base)(text)
        error.judge_number = number
        return error

    def extras(self) -> dict[str, Any]:
        """Return descriptions of the classes that the test does not know yet."""
        descriptions, self._descriptions = self._descriptions, {}
        return {"classes": descriptions}

    def read_extras(self, message: dict[str, Any]) -> None:
        """Draw numbers at random as the test would."""
        randomness.take_over(message.get("random", {}))

    def _class_number(self, kind: type) -> int:
        number = self.share(kind)
        if number not in self._described:
            self._described.add(number)
            self._descriptions[number] = self._describe(kind)
        return number

    def _describe(self, kind: type) -> dict[str, Any]:
        lineage = type.__dict__["__mro__"].__get__(kind)
        own = [base for base in lineage if base is not object]
        found = {name: base.__dict__[name] for base in reversed(own) for name in SPECIAL_METHODS & set(base.__dict__)}
        equality = next((base for base in own if "__eq__" in base.__dict__), None)
        is_error = issubclass(kind, BaseException)
        plain = next((base.__name__ for base in own if base in _PLAIN_TYPES), "")
        library = next(filter(None, map(_path_in_library, own)), [])
        return {
            "name": kind.__name__,
            "bases": [self._class_number(base) for base in kind.__bases__ if not _is_builtin(base)],
            "methods": sorted(name for name, method in found.items() if method is not None),
            "hashable": found.get("__hash__", kind) is not None,
            "equality": "" if equality is None else PLAIN_EQUALITY if _is_builtin(equality) else OWN_EQUALITY,
            "plain": plain,
            "library": library,
            "error": next(base.__name__ for base in own if _is_builtin(base)) if is_error else "",
        }

    def _function(self, number: int, name: str, outline: str, defaults: tuple[Any, ...]) -> Any:
        """Make a function that calls a function of the test, and takes the same arguments."""

        def call_back(*arguments: Any, **named: Any) -> Any:
            return self.request("call", number, arguments, tuple(named.items()))

        if not outline:
            call_back.__name__ = name
            return call_back
        scope = {"call_back": call_back, **{f"default_{i}": value for i, value in enumerate(defaults)}}
        exec(outline, scope)
        function: Any = scope["function"]
        function.__name__ = function.__qualname__ = name
        return function


_PLAIN_TYPES = frozenset({int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset})


_TYPES = {getattr(types, name): name for name in ("FunctionType", "GeneratorType", "MethodType")}
_NOT_LIBRARIES = frozenset({"builtins", "candidate", "numpy", "pandas", "unittest"})


def _path_in_library(kind: type) -> list[str]:
    """The module and the name of a class that the standard library or an installed package defines."""
    if kind in _TYPES:
        return ["types", _TYPES[kind]]
    module, name = kind.__module__, kind.__name__
    if type(module) is not str or module.partition(".")[0] in _NOT_LIBRARIES:
        return []
    return [module, name] if getattr(sys.modules.get(module), name, None) is kind else []


def _is_builtin(kind: type) -> bool:
    return kind.__module__ == "builtins" and getattr(builtins, kind.__name__, None) is kind

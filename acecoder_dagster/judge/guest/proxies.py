"""Proxies: they stand for a program's objects in the process of a test.

Nothing of the program is executed here, and what a proxy says is a claim of the program's process. Plain values are
compared here, by Python itself. Two things would let the program decide a test, and are not asked for:

- Whether an object of the program equals a plain value: it does not.
- What an operator makes of a plain value and of an object that the test did not ask for by its class.

Where a method of the program compares two of its objects, the program does decide: the test is then not sealed.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from typing import Any, Protocol

from acecoder_dagster.judge.guest.messages import TamperedError
from acecoder_dagster.judge.guest.serving import OWN_EQUALITY, PLAIN_EQUALITY, SPECIAL_METHODS

_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
_OPERATOR_NAMES = """
    add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or
"""
_OPERATORS = frozenset(f"__{prefix}{name}__" for prefix in ("", "r", "i") for name in _OPERATOR_NAMES.split())
# The origin of a proxy. STRANGER: a function gave it. RELATED: it came from an object or class that the test named.
# CONSTRUCTED: the test constructed it by its class.
STRANGER, RELATED, CONSTRUCTED = 0, 1, 2
_DISTANCES = frozenset({"__sub__", "__rsub__", "__mod__", "__rmod__", "__truediv__", "__rtruediv__"})
# By these, an object learns what it is compared with.
DECIDING_METHODS = _OPERATORS | {"__contains__", "__call__", "__format__"}
_DOING_METHODS = frozenset({"__next__", "__iter__", "__enter__", "__reversed__"})
_READABLE = frozenset({"__name__", "__qualname__", "__doc__", "__dict__", "__annotations__", "__module__"})
# Asked of what a function returned, these would show it the expected value.
_DECIDING_NAMES = """
    startswith endswith count index rindex find rfind issubset issuperset isdisjoint
"""
_DECIDING_ATTRIBUTES = frozenset(_DECIDING_NAMES.split())
_PLAIN_TYPES = {
    kind.__name__: kind for kind in (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
}


# Their values travel by value, and objects of unittest mean something to a test that no program may say.
_NOT_KNOWN_BY_NAME = frozenset({"builtins", "numpy", "pandas", "unittest"})


class Side(Protocol):
    """What proxies ask, and what it has to know of their use."""

    classes: dict[int, Any]
    named_classes: set[Any]
    helpers: set[int | None]
    methods_of_others: set[int | None]
    has_program_decided: bool
    has_called_helper: bool
    entry_method: str

    def note_entry_point(self, value: Any, is_class: bool = ...) -> None:
        """Note that the test uses what is under test."""

    def claim(self, operation: str, name: str, thing: Any, origin: int = ...) -> Any:
        """Ask for what the program says of an object."""

    def plain(self, thing: Any) -> Any:
        """Return the plain value of an object."""

    def ask(self, operation: str, *arguments: Any, origin: int = ...) -> Any:
        """Make a request."""

    def release(self, number: int) -> None:
        """Let the program forget an object."""


def number_of(value: Any) -> int | None:
    """Return the number of a proxy; None for anything else."""
    if isinstance(value, ProxyClass):
        return value.judge_class_number
    if isinstance(type(value), ProxyClass):
        number: int = object.__getattribute__(value, "judge_number")
        return number
    return None


class ProxyClass(type):
    """The class of all proxies of classes."""

    judge_side: Side
    judge_class_number: int
    judge_description: dict[str, Any]

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        """Construct an object in the program's process."""
        return cls.judge_side.ask("call", cls, arguments, tuple(named.items()), origin=_origin_of_instances(cls))

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__") and name not in _READABLE:
            raise AttributeError(name)
        return cls.judge_side.ask("get", cls, name, origin=min(RELATED, _origin_of_instances(cls)))

    def __setattr__(cls, name: str, value: Any) -> None:
        cls.judge_side.ask("set", cls, name, value)

    def __delattr__(cls, name: str) -> None:
        cls.judge_side.ask("delete", cls, name)

    def __iter__(cls) -> Any:
        return cls.judge_side.ask("special", "__iter__", cls, origin=min(RELATED, _origin_of_instances(cls)))

    def __len__(cls) -> int:
        length: int = cls.judge_side.ask("special", "__len__", cls)
        return length

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, key: Any) -> Any:
        return cls.judge_side.ask("special", "__getitem__", cls, key, origin=min(RELATED, _origin_of_instances(cls)))

    def __contains__(cls, value: Any) -> bool:
        answer: bool = cls.judge_side.ask("special", "__contains__", cls, value)
        return answer


class _Proxy:
    """The base of all proxies but exceptions: it gives them their slots."""

    __slots__ = ("__weakref__", "judge_number", "judge_origin")


def make_class(side: Side, number: int, description: dict[str, Any]) -> ProxyClass:
    """Make the class of proxies for one class of the program.

    Args:
        side: whom the proxies ask.
        number: the number of the class.
        description: what the program's process says of it, see `serving`.

    Raises:
        TamperedError: the description cannot be true.
    """
    bases: list[Any] = [side.classes[base] for base in description["bases"]]
    namespace: dict[str, Any] = {
        "judge_side": side,
        "judge_class_number": number,
        "judge_description": description,
        "__module__": _module_of(description),
    }
    if description["error"]:
        root = getattr(builtins, description["error"])
        if not (isinstance(root, type) and issubclass(root, BaseException)):
            raise TamperedError
        bases = [base for base in bases if issubclass(base, BaseException)]
        namespace |= _ERROR_MEMBERS
    else:
        root = _Proxy
        bases = [base for base in bases if not issubclass(base, BaseException)]
        namespace |= _members(description)
    if not any(issubclass(base, root) for base in bases):
        bases.append(root)
    try:
        return type.__new__(ProxyClass, str(description["name"]), tuple(bases), namespace)
    except TypeError:  # bases that only the program's own metaclass can combine
        return type.__new__(ProxyClass, str(description["name"]), (root,), namespace)


def _members(description: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {"__slots__": ()} | _COMMON_MEMBERS
    for name in SPECIAL_METHODS & set(description["methods"]):
        if name not in _COMPARISONS:
            members[name] = _special_method(name)
    if not description["hashable"]:
        members["__hash__"] = None
    known = _library_class(description["library"]) or _PLAIN_TYPES.get(description["plain"])
    if known is not None:
        members["__class__"] = property(lambda self: known)
    return members


def _module_of(description: dict[str, Any]) -> str:
    """Where a class says that it is defined: in a module of an installed package, or in the program."""
    library = description["library"]
    return str(library[0]) if library and library[1] == description["name"] else "candidate"


def _library_class(path: Any) -> type | None:
    """The class of a library that an object is said to be of, where the test has loaded it too."""
    if not path:
        return None
    module, name = map(str, path)
    if module.partition(".")[0] in _NOT_KNOWN_BY_NAME:
        raise TamperedError
    kind = getattr(sys.modules.get(module), name, None)
    return kind if isinstance(kind, type) else None


def _side(proxy: Any) -> Side:
    side: Side = type(proxy).judge_side
    return side


def _description(proxy: Any) -> dict[str, Any]:
    description: dict[str, Any] = type(proxy).judge_description
    return description


def _plain(proxy: Any) -> Any:
    return _side(proxy).plain(proxy)


def _is_named(kind: Any) -> bool:
    return not kind.judge_side.named_classes.isdisjoint(kind.__mro__)


def _origin_of_instances(kind: Any) -> int:
    return CONSTRUCTED if _is_named(kind) else STRANGER


def _origin(proxy: Any) -> int:
    origin: int = object.__getattribute__(proxy, "judge_origin")
    return max(origin, RELATED) if _is_named(type(proxy)) else origin


def _get(proxy: Any, name: str) -> Any:
    if name.startswith("judge_") or (name.startswith("__") and name.endswith("__") and name not in _READABLE):
        raise AttributeError(name)
    if name in _DECIDING_ATTRIBUTES and _origin(proxy) == STRANGER:
        if _description(proxy)["plain"]:
            return getattr(_plain(proxy), name)
        raise AttributeError(f"{type(proxy).__name__!r} object is not plain data: its {name} is not asked")
    side = _side(proxy)
    value = side.claim("get", name, proxy, origin=min(RELATED, _origin(proxy)))
    if name == side.entry_method and number_of(value) is not None:
        side.note_entry_point(value)
    is_of_stranger = _origin(proxy) == STRANGER or (name in _DECIDING_ATTRIBUTES and not _is_named(type(proxy)))
    if is_of_stranger and isinstance(type(value), ProxyClass):
        side.methods_of_others.add(number_of(value))
    return value


def _set(proxy: Any, name: str, value: Any) -> None:
    _side(proxy).ask("set", proxy, name, value)


def _delete(proxy: Any, name: str) -> None:
    _side(proxy).ask("delete", proxy, name)


def _forget(proxy: Any) -> None:
    number = number_of(proxy)
    if number is not None:
        _side(proxy).release(number)


def _refuse_pickling(proxy: Any, protocol: int) -> Any:
    raise TypeError(f"cannot pickle {type(proxy).__name__!r} object")


def _special_method(name: str) -> Callable[..., Any]:
    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        side = _side(self)
        gets_plain_value = any(number_of(argument) is None for argument in (*arguments, *named.values()))
        if name == "__call__":
            side.has_called_helper |= number_of(self) in side.helpers
            side.has_program_decided |= gets_plain_value and number_of(self) in side.methods_of_others
            return side.ask("call", self, arguments, tuple(named.items()), origin=min(RELATED, _origin(self)))
        if gets_plain_value and (name in _OPERATORS or name == "__contains__"):
            if _origin(self) == STRANGER or (_origin(self) == RELATED and name in _DISTANCES):
                return _decide_here(self, name, *arguments)
            side.has_program_decided |= self.judge_origin == STRANGER or (
                name in _OPERATORS and _origin(self) == RELATED
            )
        origin = _origin(self) if name in _OPERATORS else min(RELATED, _origin(self))
        if not arguments and name not in _DOING_METHODS:
            return side.claim("special", name, self, origin=origin)
        return side.ask("special", name, self, *arguments, origin=origin)

    method.__name__ = name
    return method


def _decide_here(self: Any, name: str, *arguments: Any) -> Any:
    """Do with the object's plain value what the object itself is not asked to do."""
    if _description(self)["plain"]:
        method = getattr(_plain(self), name, None)
        return NotImplemented if method is None else method(*arguments)
    if name == "__contains__":
        raise TypeError(f"{type(self).__name__!r} object is not plain data: what it contains is not asked")
    return NotImplemented


def _equal(self: Any, other: Any) -> Any:
    description = _description(self)
    if isinstance(other, ProxyClass):
        return False
    if number_of(other) is None:
        return _plain(self) == other if description["plain"] else False
    if description["equality"] == OWN_EQUALITY:
        return _let_program_decide(self, "__eq__", other)
    if description["equality"] == PLAIN_EQUALITY and _description(other)["plain"]:
        return _plain(self) == _plain(other)
    return True if self is other else NotImplemented


def _not_equal(self: Any, other: Any) -> Any:
    description = _description(self)
    is_asked = number_of(other) is not None and not isinstance(other, ProxyClass) and not description["plain"]
    if is_asked and "__ne__" in description["methods"]:
        return _let_program_decide(self, "__ne__", other)
    equal = _equal(self, other)
    return equal if equal is NotImplemented else not equal


def _ordering(name: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        description = _description(self)
        if number_of(other) is None:
            return getattr(_plain(self), name)(other) if description["plain"] else NotImplemented
        return _let_program_decide(self, name, other) if name in description["methods"] else NotImplemented

    return method


def _let_program_decide(self: Any, name: str, other: Any) -> Any:
    _side(self).has_program_decided = True
    return _side(self).ask("special", name, self, other)


_COMMON_MEMBERS: dict[str, Any] = {
    "__getattr__": _get,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__eq__": _equal,
    "__ne__": _not_equal,
    "__lt__": _ordering("__lt__"),
    "__le__": _ordering("__le__"),
    "__gt__": _ordering("__gt__"),
    "__ge__": _ordering("__ge__"),
    "__hash__": lambda self: hash(number_of(self)),
    "__del__": _forget,
    "__copy__": lambda self: _side(self).ask("copy", "copy", self, origin=_origin(self)),
    "__deepcopy__": lambda self, memo: _side(self).ask("copy", "deepcopy", self, origin=_origin(self)),
    "__reduce_ex__": _refuse_pickling,
}
_ERROR_MEMBERS: dict[str, Any] = {
    "__getattr__": _get,
    "__str__": lambda self: _side(self).claim("special", "__str__", self),
    "__repr__": lambda self: _side(self).claim("special", "__repr__", self),
    "args": property(lambda self: _side(self).claim("get", "args", self)),
}

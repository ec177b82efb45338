"""The test's side of a conversation: proxies that stand for a program's objects in the process of a test.

Nothing of the program is executed here. What a proxy says is a claim of the program's process: a plain value is
compared here, by Python itself. Two questions would let the program decide a test and are therefore not asked:
whether an object of the program equals a plain value (it does not), and what an operator makes of an object the
test did not ask for by its class and of a plain value. Where two objects of the program are compared by a method of
its own, the program does decide: the test is then no longer sealed.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import sys
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from acecoder_dagster.sandbox.guest.conversation import Conversation, EndedError, TamperedError, UnsupportedError
from acecoder_dagster.sandbox.guest.encoding import ValueTooLargeError
from acecoder_dagster.sandbox.guest.serving import OWN_EQUALITY, PLAIN_EQUALITY, SPECIAL_METHODS

# Modules whose functions a test may use without importing them, because the program did.
_SHARED_MODULE_NAMES = """
    bisect cmath collections copy datetime decimal fractions functools heapq itertools json math operator random re
    statistics string typing _bisect _collections _functools _heapq _operator _random
"""
_SHARED_MODULES = frozenset(_SHARED_MODULE_NAMES.split())
_ALIASES = {"np": "numpy", "dt": "datetime"}
_TAKES_ARGUMENTS, _TAKES_KEYWORDS = 0x04, 0x08  # of code objects: *arguments, **keywords
_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
_OPERATOR_NAMES = """
    add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or
"""
_OPERATORS = frozenset(f"__{prefix}{name}__" for prefix in ("", "r", "i") for name in _OPERATOR_NAMES.split())
# Where a proxy comes from: from a function, from an object or class that the test named, or from constructing one.
STRANGER, RELATED, CONSTRUCTED = 0, 1, 2
_DISTANCES = frozenset({"__sub__", "__rsub__", "__mod__", "__rmod__", "__truediv__", "__rtruediv__"})
_READABLE = frozenset({"__name__", "__qualname__", "__doc__", "__dict__", "__annotations__", "__module__"})
# Asked of what a function returned, these would let it recognise the expected value.
_DECIDING_NAMES = """
    startswith endswith count index rindex find rfind issubset issuperset isdisjoint
"""
_DECIDING_ATTRIBUTES = frozenset(_DECIDING_NAMES.split())
_PLAIN_TYPES = {
    kind.__name__: kind for kind in (int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
}


class AnswerTooLargeError(BaseException):
    """What the program gave does not leave its sandbox."""


class TestSide(Conversation):
    """Asks a program's process on behalf of a test, and keeps the proxies."""

    __test__ = False  # not a test class of pytest's

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, first_number=1)
        self._proxies: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self.classes: dict[int, Any] = {}
        self.named_classes: set[Any] = set()
        self.helpers: set[int | None] = set()  # functions of the program other than the one under test
        self.methods_of_strangers: set[int | None] = set()
        self._origin, self._keeps_origins = STRANGER, False
        self.begin_test()

    def begin_test(self) -> None:
        """Forgets what the last test did."""
        self.halted_by: BaseException | None = None
        self.has_program_decided = False
        self.has_used_entry_point = False
        self.has_called_helper = False

    def is_sealed(self) -> bool:
        """Whether nothing of the test was decided by the program.

        A helper of the program's that a test uses beside the function under test may check its result.
        """
        return not self.has_program_decided and not (self.has_used_entry_point and self.has_called_helper)

    def ask(self, operation: str, *arguments: Any, origin: int = STRANGER) -> Any:
        """Makes a request; once one could not be made, the test is over even if it goes on.

        Args:
            operation: one of the program side's.
            arguments: its arguments.
            origin: of the objects in the answer.
        """
        before = self._origin, self._keeps_origins
        self._origin, self._keeps_origins = origin, False
        try:
            if self.halted_by is None:
                answer = self.request(operation, *arguments)
        except (UnsupportedError, TamperedError, EndedError, AnswerTooLargeError) as error:
            self.halted_by = error
        except ValueTooLargeError as error:
            self.halted_by = UnsupportedError(str(error))
        finally:
            self._origin, self._keeps_origins = before
        if self.halted_by is not None:
            raise self.halted_by
        return answer

    def report_too_large(self) -> NoReturn:
        """Ends the test."""
        raise AnswerTooLargeError

    def send_error(self, error: BaseException) -> None:
        """Tells the program's process that a function of the test failed."""
        if isinstance(error, (UnsupportedError, AnswerTooLargeError)):
            self.halted_by = error
            error = RuntimeError("the test ended")
        super().send_error(error)

    def answer(self, operation: str, content: Any) -> None:
        """Does what the program asks; objects it hands over keep the origin they have."""
        before, self._keeps_origins = self._keeps_origins, True
        try:
            super().answer(operation, content)
        finally:
            self._keeps_origins = before

    def perform(self, operation: str, *arguments: Any) -> Any:
        """Calls a function that the test handed to the program: nothing else can be asked for."""
        number, positional, named = arguments
        function = self.shared(number)
        if operation != "call" or isinstance(function, BaseException):
            raise TamperedError
        return function(*positional, **dict(named))

    def encode_object(self, value: Any) -> Any:
        """Encodes what a test hands to the program."""
        number = number_of(value)
        if number is not None:
            return {"theirs": number}
        standard = _standard_name(value)
        if standard is not None:
            return {"standard": standard}
        if isinstance(value, types.TracebackType):
            return None
        if isinstance(value, BaseException):
            base = next(b.__name__ for b in type(value).__mro__ if getattr(builtins, b.__name__, None) is b)
            return {"test error": [self.share(value), base, str(value)]}
        if isinstance(value, Iterator):
            return self.encode_iterator(value)
        if callable(value):
            signature, defaults = function_outline(value)
            name = getattr(value, "__name__", "function")
            return {"function": [self.share(value), str(name), signature, self.encode(defaults)]}
        raise UnsupportedError(f"a value of type {type(value).__name__}")

    def decode_object(self, tag: str, content: Any) -> Any:
        """Decodes an object of the program: the same number always gives the same proxy."""
        if tag == "standard":
            _, name = content
            kind = getattr(builtins, name)
            if not isinstance(kind, type):
                raise TamperedError
            return kind
        if tag == "class":
            return self.classes[content]
        if tag != "object":
            raise TamperedError
        number, class_number = content
        proxy = self._proxies.get(number)
        if proxy is None:
            kind = self.classes[class_number]
            proxy = kind.__new__(kind)
            object.__setattr__(proxy, "judge_number", number)
            object.__setattr__(proxy, "judge_origin", STRANGER if self._keeps_origins else self._origin)
            self._proxies[number] = proxy
            self.keep(number)
        elif not self._keeps_origins:
            object.__setattr__(proxy, "judge_origin", min(proxy.judge_origin, self._origin))
        return proxy

    def read_extras(self, message: dict[str, Any]) -> None:
        """Learns about classes of the program."""
        waiting = {int(number): description for number, description in message["classes"].items()}
        while waiting:
            ready = [n for n, description in waiting.items() if not waiting.keys() & set(description["bases"])]
            if not ready:
                raise TamperedError
            for number in ready:
                self.classes[number] = _make_class(self, number, waiting.pop(number))


def number_of(value: Any) -> int | None:
    """Returns the number of a proxy, or None for anything else."""
    if isinstance(value, ProxyClass):
        return value.judge_class_number
    if isinstance(type(value), ProxyClass):
        number: int = object.__getattribute__(value, "judge_number")
        return number
    return None


class ProxyClass(type):
    """The class of the proxies of a program's classes."""

    judge_side: TestSide
    judge_class_number: int
    judge_description: dict[str, Any]

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        """Constructs an object, in the program's process."""
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
    """What all proxies but exceptions derive from: it gives them their slots."""

    __slots__ = ("__weakref__", "judge_number", "judge_origin")


def _make_class(side: TestSide, number: int, description: dict[str, Any]) -> ProxyClass:
    bases: list[Any] = [side.classes[base] for base in description["bases"]]
    namespace: dict[str, Any] = {
        "judge_side": side,
        "judge_class_number": number,
        "judge_description": description,
        "__module__": "candidate",
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
    plain = _PLAIN_TYPES.get(description["plain"])
    if plain is not None:
        members["__class__"] = property(lambda self: plain)
    return members


def _side(proxy: Any) -> TestSide:
    side: TestSide = type(proxy).judge_side
    return side


def _description(proxy: Any) -> dict[str, Any]:
    description: dict[str, Any] = type(proxy).judge_description
    return description


def _plain(proxy: Any) -> Any:
    return _side(proxy).ask("plain", proxy)


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
    value = side.ask("get", proxy, name, origin=min(RELATED, _origin(proxy)))
    if _origin(proxy) == STRANGER and isinstance(type(value), ProxyClass):
        side.methods_of_strangers.add(number_of(value))
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
        if name == "__call__":
            side.has_called_helper |= number_of(self) in side.helpers
            if number_of(self) in side.methods_of_strangers and any(number_of(a) is None for a in arguments):
                side.has_program_decided = True
            return side.ask("call", self, arguments, tuple(named.items()), origin=min(RELATED, _origin(self)))
        is_told = any(number_of(argument) is None for argument in arguments)
        if is_told and (name in _OPERATORS or name == "__contains__"):
            if _origin(self) == STRANGER or (_origin(self) == RELATED and name in _DISTANCES):
                return _decide_here(self, name, *arguments)
            side.has_program_decided |= _origin(self) == RELATED and name in _OPERATORS
        origin = _origin(self) if name in _OPERATORS else min(RELATED, _origin(self))
        return side.ask("special", name, self, *arguments, origin=origin)

    method.__name__ = name
    return method


def _decide_here(self: Any, name: str, *arguments: Any) -> Any:
    """Does with the plain value what the object itself is not asked to do."""
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
    "__str__": lambda self: _side(self).ask("special", "__str__", self),
    "__repr__": lambda self: _side(self).ask("special", "__repr__", self),
    "args": property(lambda self: _side(self).ask("get", self, "args")),
}


class Names(dict[str, Any]):
    """The global names of a test: those it does not define itself are the program's."""

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
        side.has_used_entry_point |= name == self._entry_point and not isinstance(value, ProxyClass)
        if name != self._entry_point:
            value = _own_version(kind, module, name, value)
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
        """Makes a name of the program's, if it has it, one of this dictionary's own until `give_back`."""
        if name not in self:
            with contextlib.suppress(KeyError):
                self[name] = self[name]
                self._borrowed.add(name)

    def give_back(self) -> None:
        """Forgets what was borrowed from the program, so that the next test asks again."""
        for name in self._borrowed:
            self.pop(name, None)
        self._borrowed.clear()


def _own_version(kind: Any, module: Any, name: str, value: Any) -> Any:
    """This process's own version of what the program imported under its usual name."""
    if kind == "module" and module in _SHARED_MODULES | {"numpy"} and _ALIASES.get(name, name) == module:
        return importlib.import_module(module)
    if kind == "standard" and module in _SHARED_MODULES:
        return getattr(importlib.import_module(module), name, value)
    return value


def _standard_name(value: Any) -> list[str] | None:
    """Module and name of a function or class of the standard library."""
    owner = getattr(value, "__objclass__", None)
    name = getattr(value, "__name__", None)
    module = getattr(owner or value, "__module__", None)
    if type(name) is not str or module not in sys.stdlib_module_names | {"builtins"}:
        return None
    path = [owner.__name__, name] if owner is not None else [name]
    found: Any = sys.modules.get(module)
    for part in path:
        found = getattr(found, part, None)
    return [module, ".".join(path)] if found is value else None


def function_outline(function: Any) -> tuple[str, tuple[Any, ...]]:
    """The text of a function that takes the same arguments, and its defaults; empty for other callables."""
    if type(function) is not types.FunctionType:
        return "", ()
    code = function.__code__
    names = list(code.co_varnames)
    positional = names[: code.co_argcount]
    only_named = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    rest = names[code.co_argcount + code.co_kwonlyargcount :]
    defaults = [*(function.__defaults__ or ())]
    named_defaults = function.__kwdefaults__ or {}
    shown = positional[: len(positional) - len(defaults)]
    shown += [f"{name}=default_{i}" for i, name in enumerate(positional[len(shown) :])]
    if code.co_posonlyargcount:
        shown.insert(code.co_posonlyargcount, "/")
    passed = list(positional)
    if code.co_flags & _TAKES_ARGUMENTS:
        variable = rest.pop(0)
        shown.append(f"*{variable}")
        passed.append(f"*{variable}")
    elif only_named:
        shown.append("*")
    for name in only_named:
        if name in named_defaults:
            shown.append(f"{name}=default_{len(defaults)}")
            defaults.append(named_defaults[name])
        else:
            shown.append(name)
        passed.append(f"{name}={name}")
    if code.co_flags & _TAKES_KEYWORDS:
        shown.append(f"**{rest[0]}")
        passed.append(f"**{rest[0]}")
    text = f"def function({', '.join(shown)}):\n    return call_back({', '.join(passed)})"
    return text, tuple(defaults)

"""The test's side of a conversation: it asks the program's process what the test wants to know of the program."""

from __future__ import annotations

import builtins
import itertools
import sys
import types
import weakref
from collections.abc import Iterator
from typing import Any, NoReturn

from acecoder_dagster.judge.guest.arrays import ValueTooLargeError
from acecoder_dagster.judge.guest.conversation import Conversation, Listening, UnsupportedError
from acecoder_dagster.judge.guest.encoding import encode_values
from acecoder_dagster.judge.guest.messages import EndedError, TamperedError
from acecoder_dagster.judge.guest.outlines import function_outline
from acecoder_dagster.judge.guest.proxies import DECIDING_METHODS, STRANGER, ProxyClass, make_class, number_of
from acecoder_dagster.judge.guest.randomness import RandomStates

_MAX_PARTS = 10_000


class AnswerTooLargeError(BaseException):
    """What the program gave is too large to leave its sandbox."""


class TestSide(Conversation):
    """Asks the program's process on behalf of a test, and keeps the proxies of its objects."""

    __test__ = False  # not a test class of pytest's

    def __init__(self, descriptor: int, listening: Listening, entry_method: str, seeds: bool = False) -> None:
        """Begin a conversation.

        Args:
            descriptor: socket to the program's process.
            listening: says whether this side waits for the other.
            entry_method: of a class, the method under test; empty where that is not known.
            seeds: whether the tests seed what is drawn at random.
        """
        super().__init__(descriptor, listening, first_number=1)
        self._random_states = RandomStates() if seeds else None
        self._closes_figures = False
        self._proxies: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self.classes: dict[int, Any] = {}
        self.named_classes: set[Any] = set()
        self.helpers: set[int | None] = set()  # functions of the program other than the one under test
        self.methods_of_others: set[int | None] = set()
        self.entry_method = entry_method
        self.entry_points: set[int | None] = set()  # the function under test; of a method, each that was bound
        self._entry_class: int | None = None
        self.claims: dict[tuple[int, str], Any] = {}  # what the program has said since it was last asked to do anything
        self.fixed_claims: dict[int, Any] = {}  # what it has said of values that cannot change
        self._origin, self._keeps_origins = STRANGER, False
        self.begin_test()

    def begin_test(self) -> None:
        """Forget what the last test did."""
        if self._random_states:
            self._random_states.notice_seeding()
        self.halted_by: BaseException | None = None
        self.has_program_decided = False
        self.has_used_entry_point = False
        self.has_called_helper = False
        self.claims.clear()
        self.has_answered = False  # the function under test: what follows may see what it should have answered
        self._is_answering = False
        self._answers = 0  # how often the function under test was called
        self._born: dict[int, int] = {}  # the answer by which an object of the program came
        # Objects that the test made of plain values, by classes other than the one under test, and handed to nobody.
        self._made: dict[int, Any] = {}

    def is_sealed(self) -> bool:
        """Whether the program decided nothing of the test.

        It may have where the test uses the function under test and a helper of the program, which may check its result;
        or where the test made an object of what it expects by a class of the program, which may remember it.
        """
        has_shown = self.has_called_helper or bool(self._made)
        return not self.has_program_decided and not (self.has_used_entry_point and has_shown)

    def ask(self, operation: str, *arguments: Any, origin: int = STRANGER) -> Any:
        """Make a request. After one that cannot be made the test has ended, even if it goes on.

        Args:
            operation: one that the program's side knows.
            *arguments: its arguments.
            origin: the origin of the objects in the answer, see `proxies`.
        """
        self.has_program_decided |= self.has_answered and self._could_decide(operation, *arguments)
        self.has_program_decided |= self._is_told_late(operation, arguments)
        self._note_handed_on(arguments)
        if operation in _DOING or (operation == "special" and arguments[0] not in _TELLING):
            self.claims.clear()
        before = self._origin, self._keeps_origins
        self._origin, self._keeps_origins = origin, False
        is_entry = operation == "call" and number_of(arguments[0]) in self.entry_points
        self._answers += is_entry
        was_answering, self._is_answering = self._is_answering, is_entry
        try:
            if self.halted_by is None:
                answer = self.request(operation, *arguments)
        except (UnsupportedError, TamperedError, EndedError, AnswerTooLargeError) as error:
            self.halted_by = error
        except ValueTooLargeError:
            self.halted_by = AnswerTooLargeError()
        finally:
            self._origin, self._keeps_origins = before
            self.has_answered |= is_entry
            self._is_answering = was_answering
        if self.halted_by is not None:
            raise self.halted_by
        if operation == "call":
            answer = _given_back(answer, arguments[1])
            if self._is_made(arguments[0], arguments[1:]):
                self._made[id(answer)] = answer
        return answer

    def note_entry_point(self, value: Any, is_class: bool = False) -> None:
        """Note that the test uses the function under test, or the class, whose methods may be given anything."""
        if is_class:
            self._entry_class = number_of(value)
        else:
            self.entry_points.add(number_of(value))
            self.has_used_entry_point = True

    def claim(self, operation: str, name: str, thing: Any, origin: int = STRANGER) -> Any:
        """Ask what the program says of an object, once until it is asked to do something again."""
        number, arguments = number_of(thing), (name, thing) if operation == "special" else (thing, name)
        if number is None:
            return self.ask(operation, *arguments, origin=origin)
        if (number, name) not in self.claims:
            self.claims[number, name] = self.ask(operation, *arguments, origin=origin)
        return self.claims[number, name]

    def plain(self, thing: Any) -> Any:
        """Return the plain value that an object of a subclass of a plain type is; of an immutable one, always the same.

        Raises:
            TamperedError: it is said to be an object again.
        """
        number = number_of(thing)
        assert number is not None
        if number in self.fixed_claims:
            return self.fixed_claims[number]
        value = self.ask("plain", thing)
        if number_of(value) is not None:
            raise self.tampered()
        if isinstance(value, _IMMUTABLE):
            self.fixed_claims[number] = value
        return value

    def _could_decide(self, operation: str, *arguments: Any) -> bool:
        """Whether a request lets the program judge a value, by something other than the function under test."""
        if operation == "call":
            thing, positional, named = arguments
            return number_of(thing) not in self.entry_points and bool(positional or named)
        is_asked = operation == "set" or (operation == "special" and arguments[0] in DECIDING_METHODS)
        return is_asked and any(number_of(value) is None for value in arguments[2:])

    def _is_told_late(self, operation: str, arguments: tuple[Any, ...]) -> bool:
        """Whether an object that the function under test gave is asked after the function was called once more.

        The arguments of that call could be what the object should have been.
        """
        number = number_of(arguments[1] if operation == "special" else arguments[0])
        return number is not None and self._born.get(number, self._answers) < self._answers

    def close_figures(self) -> None:
        """Let what the tests close of matplotlib's figures be closed for the program too, which may have drawn them."""
        pyplot: Any = sys.modules.get("matplotlib.pyplot")
        if pyplot is None or self._closes_figures:
            return
        own_close, self._closes_figures = pyplot.close, True

        def close(figure: Any = None) -> None:
            self.ask("close", figure if figure is None or number_of(figure) else "all")
            own_close(None if number_of(figure) else figure)

        pyplot.close = close

    def note_change(self, number: int) -> None:
        """Note that the program changed a container; one that its function gave, it could fill in later."""
        self.has_program_decided |= self.has_answered and number % 2 == 0

    def _is_made(self, thing: Any, given: tuple[Any, ...]) -> bool:
        """Whether a call makes an object of plain values, by a class that is not under test."""
        if not isinstance(thing, ProxyClass) or self.has_answered:
            return False
        if number_of(thing) in (self._entry_class, *self.entry_points):
            return False
        positional, named = given
        return any(number_of(value) is None for value in (*positional, *(value for _, value in named)))

    def _note_handed_on(self, arguments: tuple[Any, ...]) -> None:
        """An object that the test hands to the program is an input, or part of one."""
        for value in _all_parts(arguments) if self._made else ():
            self._made.pop(id(value), None)

    def tampered(self) -> BaseException:
        """End the test, because an answer cannot be true."""
        self.halted_by = TamperedError()
        return self.halted_by

    def report_too_large(self) -> NoReturn:
        """End the test."""
        raise AnswerTooLargeError

    def send_error(self, error: BaseException) -> None:
        """Tell the program's process that a function of the test failed."""
        if isinstance(error, (UnsupportedError, AnswerTooLargeError)):
            self.halted_by = error
            error = RuntimeError("the test ended")
        super().send_error(error)

    def answer(self, operation: str, content: Any) -> None:
        """Do what the program asks; objects that it hands over keep their origin."""
        before, self._keeps_origins = self._keeps_origins, True
        try:
            super().answer(operation, content)
        finally:
            self._keeps_origins = before

    def perform(self, operation: str, *arguments: Any) -> Any:
        """Call a function that the test handed to the program; the program can ask for nothing else."""
        number, positional, named = arguments
        function = self.shared(number)
        if operation != "call" or isinstance(function, BaseException):
            raise TamperedError
        return function(*positional, **dict(named))

    def encode_object(self, value: Any) -> Any:
        """Encode what a test hands to the program."""
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
        """Decode an object of the program; the same number always gives the same proxy."""
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
        kind = self.classes[class_number]
        self.has_program_decided |= _is_of_several_kinds(kind)
        proxy = self._proxies.get(number)
        if proxy is None:
            proxy = kind.__new__(kind)
            object.__setattr__(proxy, "judge_number", number)
            object.__setattr__(proxy, "judge_origin", STRANGER if self._keeps_origins else self._origin)
            self._proxies[number] = proxy
            if self._is_answering:
                self._born[number] = self._answers
            self.keep(number)
        elif not self._keeps_origins:
            object.__setattr__(proxy, "judge_origin", min(proxy.judge_origin, self._origin))
        return proxy

    def extras(self) -> dict[str, Any]:
        """Return what the test has done to the generators of random numbers."""
        return {"random": self._random_states.news()} if self._random_states else {}

    def read_extras(self, message: dict[str, Any]) -> None:
        """Read descriptions of classes of the program."""
        waiting = {int(number): description for number, description in message["classes"].items()}
        while waiting:
            ready = [n for n, description in waiting.items() if not waiting.keys() & set(description["bases"])]
            if not ready:
                raise TamperedError
            for number in ready:
                self.classes[number] = make_class(self, number, waiting.pop(number))


_DOING = frozenset({"call", "set", "delete", "copy"})
# Special methods that tell something about an object and are not supposed to change it.
_TELLING_NAMES = """
    __len__ __bool__ __str__ __repr__ __format__ __int__ __float__ __complex__ __index__ __hash__ __bytes__
"""
_TELLING = frozenset(_TELLING_NAMES.split())
_IMMUTABLE = (int, float, complex, str, bytes, tuple, frozenset)
_TRAVEL_AS_COPIES = frozenset(_IMMUTABLE)


def _given_back(answer: Any, given: tuple[Any, ...]) -> Any:
    """The argument of which an answer is a copy, if there is one; else the answer."""
    alike = [value for value in given if type(value) is type(answer)]
    # Objects of the program are no copies, and encoding would use up its iterators.
    if type(answer) not in _TRAVEL_AS_COPIES or any(
        number_of(part) is not None for part in _all_parts([*alike, answer])
    ):
        return answer
    encoded = encode_values([answer])  # by which a number that is none equals itself
    return next((value for value in alike if encode_values([value]) == encoded), answer)


def _all_parts(values: Any) -> Iterator[Any]:
    """All objects in nested plain containers, as far as they are few."""
    pending = [values]
    for _ in range(_MAX_PARTS):
        if not pending:
            return
        value = pending.pop()
        yield value
        if isinstance(value, dict):
            pending += [*value.keys(), *value.values()]
        elif type(value) in (list, tuple, set, frozenset):
            pending += value


def _is_of_several_kinds(kind: type) -> bool:
    """Whether this is an exception that derives from unrelated exceptions, and so is caught by many an `except`."""
    standard = [base for base in kind.__mro__ if issubclass(base, BaseException) and base.__module__ == "builtins"]
    return any(not issubclass(first, second) for first, second in itertools.pairwise(standard))


def _standard_name(value: Any) -> list[str] | None:
    """The module and name of a function or class of the standard library; None for anything else."""
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

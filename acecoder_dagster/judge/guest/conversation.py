"""How a test's process and a program's process talk: the part that both sides share.

One of them is active at a time. It sends a request and, until the answer comes, answers requests of the other side.

Plain values without parts travel in the typed encoding. Mutable containers are mirrored: each side holds one, and every
message carries the contents that have changed since the last. So a list that one side changes, or keeps, behaves as in
one process. Any other object stays where it is, and the other side has a number for it.
"""

from __future__ import annotations

import collections
import mmap
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from acecoder_dagster.judge.guest.arrays import ValueTooLargeError, array_of_objects, object_array
from acecoder_dagster.judge.guest.encoding import (
    MAX_DEPTH,
    MAX_ITERATOR_ITEMS,
    MAX_NODES,
    NOT_AN_ATOM,
    decode_atom,
    encode_atom,
)
from acecoder_dagster.judge.guest.errors import is_known_to_both, rebuild_error
from acecoder_dagster.judge.guest.kinds import FACTORIES, name_of_factory
from acecoder_dagster.judge.guest.messages import EndedError, TamperedError, read_message, write_message

Listening = mmap.mmap | bytearray
"""One byte, which the zygote reads: whether this side waits for the other."""

VALUE, RAISE, TOO_LARGE, TURN, DONE = "value", "raise", "too large", "turn", "done"
MAX_CONVERSATION_DEPTH = 100  # requests within requests
MIRRORED = (list, dict, set, bytearray, collections.deque, collections.OrderedDict, collections.Counter)


class UnsupportedError(BaseException):
    """A value of the test cannot be handed to the program."""


class _Mirror:
    """One container that exists on both sides."""

    __slots__ = ("container", "known")

    def __init__(self, container: Any, known: Any = None) -> None:
        self.container = container
        self.known = known  # the contents as the other side knows them


def _references(mirror: _Mirror) -> int:
    return sys.getrefcount(mirror.container)


_ONLY_MIRRORED = _references(_Mirror([]))  # to a container that nothing but its mirror holds


class Conversation:
    """One side of a conversation; the sides differ in what they do with each other's objects."""

    def __init__(self, descriptor: int, listening: Listening, first_number: int) -> None:
        self._descriptor = descriptor
        self._listening = listening
        self._next_number = first_number  # one side counts even numbers, the other odd ones
        self._mirrors: dict[int, _Mirror] = {}
        self._mirror_numbers: dict[int, int] = {}
        self._shared: dict[int, Any] = {}
        self._shared_numbers: dict[int, int] = {}
        self._released: list[int] = []
        # Numbers that the other side gave up with its last message, whose values may still have to be decoded.
        self._given_up: list[list[int]] = [[], []]
        self._nodes = 0
        self._depth = 0

    def request(self, operation: str, *arguments: Any) -> Any:
        """Ask the other side, and answer its requests until its answer comes."""
        if self._depth >= MAX_CONVERSATION_DEPTH:
            raise RecursionError("requests within requests, too deep")
        self._depth += 1
        try:
            self.send(operation, list(arguments))
            while True:
                kind, content = self.receive()
                if kind == VALUE:
                    return self.decode(content)
                if kind == RAISE:
                    self.raise_error(content)
                if kind == TOO_LARGE:
                    self.report_too_large()
                self.answer(kind, content)
        finally:
            self._depth -= 1

    def answer(self, operation: str, content: Any) -> None:
        """Do what the other side asks, and send what came of it."""
        try:
            self.send(VALUE, self.perform(operation, *self._arguments(content)))
        except (EndedError, TamperedError):
            raise
        except ValueTooLargeError:
            self.send(TOO_LARGE, None)
        except BaseException as error:
            self.send_error(error)

    def _arguments(self, content: Any) -> tuple[Any, ...]:
        arguments = self.decode(content)
        if type(arguments) is not tuple:
            raise TamperedError
        return arguments

    def perform(self, operation: str, *arguments: Any) -> Any:
        """Do what the other side asks."""
        raise NotImplementedError

    def encode_object(self, value: Any) -> Any:
        """Encode what is not plain data."""
        raise NotImplementedError

    def decode_object(self, tag: str, content: Any) -> Any:
        """Decode what the other side's `encode_object` wrote."""
        raise NotImplementedError

    def raise_error(self, content: Any) -> NoReturn:
        """Raise the exception that ended a request."""
        error = self.decode(content)
        if not isinstance(error, BaseException):
            raise TamperedError
        raise error

    def report_too_large(self) -> NoReturn:
        """Raise the error for an answer that was too large to be sent."""
        raise ValueTooLargeError("the answer is too large")

    def extras(self) -> dict[str, Any]:
        """Return what else the next message has to carry."""
        return {}

    def read_extras(self, message: dict[str, Any]) -> None:
        """Read what else a message carries, before its values are decoded."""

    def note_change(self, number: int) -> None:
        """Note that the other side changed a container that this side knows."""

    def send(self, kind: str, value: Any) -> None:
        """Send one message, with one value and all changes of mirrored containers."""
        self._nodes = 0
        self._give_up()
        content = self.encode(tuple(value) if kind not in (VALUE, RAISE) and type(value) is list else value)
        message = {"kind": kind, "content": content, "mirrors": self._changes(), "dropped": self._drop_mirrors()}
        message["released"], self._released = self._released, []
        write_message(self._descriptor, message | self.extras())

    def receive(self) -> tuple[str, Any]:
        """Wait for one message, and return its kind and its value, which is still encoded."""
        self._give_up()
        self._listening[0] = 1
        message = read_message(self._descriptor)
        self._listening[0] = 0
        try:
            self.read_extras(message)
            self._apply(message["mirrors"])
            self._given_up = [[int(n) for n in message[what]] for what in ("released", "dropped")]
            return str(message["kind"]), message["content"]
        except (ValueError, TypeError, KeyError, AttributeError, LookupError, RecursionError) as error:
            raise TamperedError from error

    def share(self, value: Any) -> int:
        """Return the number by which the other side knows an object of this side."""
        number = self._shared_numbers.get(id(value))
        if number is None:
            number = self._new_number()
            self._shared[number] = value
            self._shared_numbers[id(value)] = number
        return number

    def shared(self, number: int) -> Any:
        """Return the object that the other side means by a number."""
        if number not in self._shared:
            raise TamperedError
        return self._shared[number]

    def keep(self, number: int) -> None:
        """Take back a `release` that has not been sent yet."""
        if number in self._released:
            self._released.remove(number)

    def release(self, number: int) -> None:
        """Let the other side forget an object that nobody refers to here any more."""
        self._released.append(number)

    def encode(self, value: Any, depth: int = 0) -> Any:
        """Encode any value."""
        kind = type(value)
        if kind.__module__ == "numpy" and (parts := array_of_objects(value)) is not None:
            shape, items = parts
            return {"objects": [shape, self._encode_all(items, depth)]}
        atom = encode_atom(value)
        if atom is not NOT_AN_ATOM:
            return atom
        if kind in MIRRORED or kind is collections.defaultdict:
            return {"mirror": self._mirror_number(value)}
        if depth > MAX_DEPTH:
            raise ValueTooLargeError("nested too deeply")
        tag = _IMMUTABLE.get(kind)
        if tag is not None:
            return {tag: self._encode_all(list(value), depth)}
        if isinstance(value, BaseException):
            return self._encode_error(value)
        return self.encode_object(value)

    def decode(self, content: Any) -> Any:
        """Decode what the other side's `encode` wrote.

        Raises:
            TamperedError: it cannot have written that.
        """
        try:
            return self._decode(content)
        except (ValueError, TypeError, KeyError, AttributeError, LookupError, ArithmeticError, RecursionError) as error:
            raise TamperedError from error

    def _decode(self, content: Any) -> Any:
        if type(content) is not dict:
            if type(content) is list:
                raise TamperedError
            return content
        ((tag, inner),) = content.items()
        if tag == "mirror":
            return self._mirrors[inner].container
        if tag == "theirs":
            return self._shared[inner]
        if tag in _REBUILD:
            return _REBUILD[tag]([self._decode(item) for item in inner])
        if tag == "error":
            module, name, builtin, arguments = inner
            return rebuild_error(module, name, builtin, [self._decode(argument) for argument in arguments])
        if tag == "objects":
            return object_array([self._decode(item) for item in inner[1]]).reshape(inner[0])
        if tag == "iterator":
            return iter([self._decode(item) for item in inner])
        if tag in _OBJECT_TAGS:
            return self.decode_object(tag, inner)
        return decode_atom(tag, inner)

    def _encode_all(self, values: list[Any], depth: int) -> list[Any]:
        self._nodes += len(values) + 1
        if self._nodes > MAX_NODES:
            raise ValueTooLargeError(f"more than {MAX_NODES} parts")
        return [self.encode(value, depth + 1) for value in values]

    def encode_iterator(self, value: Iterator[Any]) -> Any:
        """Encode all that an iterator gives; it is used up."""
        items: list[Any] = []
        for item in value:
            if len(items) == MAX_ITERATOR_ITEMS:
                raise UnsupportedError("an iterator of too many items")
            items.append(item)
        return {"iterator": self._encode_all(items, 0)}

    def _encode_error(self, error: BaseException) -> Any:
        number = getattr(error, "judge_number", None)  # it came from the other side
        if type(number) is int:
            return {"theirs": number}
        kind = type(error)
        if is_known_to_both(kind):
            builtin = next(base.__name__ for base in kind.__mro__ if base.__module__ == "builtins")
            return {"error": [kind.__module__, kind.__name__, builtin, self._encode_all(list(error.args), 0)]}
        return self.encode_object(error)

    def send_error(self, error: BaseException) -> None:
        """Send the exception that ended a request of the other side."""
        try:
            self.send(RAISE, error)
        except (EndedError, TamperedError):
            raise
        except BaseException:  # its arguments cannot be sent, or describing its class fails
            self.send(RAISE, RuntimeError("an exception that cannot be described"))

    def _new_number(self) -> int:
        self._next_number += 2
        return self._next_number

    def _mirror_number(self, container: Any) -> int:
        number = self._mirror_numbers.get(id(container))
        if number is None:
            number = self._new_number()
            self._mirrors[number] = _Mirror(container)
            self._mirror_numbers[id(container)] = number
        return number

    def _forget(self, number: int) -> None:
        mirror = self._mirrors.pop(number, None)
        if mirror is not None:
            del self._mirror_numbers[id(mirror.container)]

    def _give_up(self) -> None:
        (released, dropped), self._given_up = self._given_up, [[], []]
        for number in released:
            self._shared_numbers.pop(id(self._shared.pop(number, None)), None)
        for number in dropped:
            self._forget(number)

    def _drop_mirrors(self) -> list[int]:
        """Forget containers that nothing on this side refers to: nobody here sees what the other side does to them."""
        dropped = [number for number, mirror in self._mirrors.items() if _references(mirror) <= _ONLY_MIRRORED]
        for number in dropped:
            self._forget(number)
        return dropped

    def _changes(self) -> dict[int, Any]:
        changes: dict[int, Any] = {}
        pending = list(self._mirrors)
        while pending:
            for number in pending:
                mirror = self._mirrors[number]
                contents = self._contents(mirror.container)
                if contents != mirror.known:
                    mirror.known = changes[number] = contents
            pending = [number for number, mirror in self._mirrors.items() if mirror.known is None]
        return changes

    def _contents(self, container: Any) -> Any:
        kind = type(container)
        if isinstance(container, dict):
            return [_tag_of_dict(container), [self._encode_all(list(pair), 0) for pair in dict.items(container)]]
        if kind is bytearray:
            return ["bytearray", list(container)]
        return [kind.__name__, self._encode_all(list(container), 0)]

    def _apply(self, changes: dict[str, Any]) -> None:
        """Make all new containers first, so that they can refer to each other, and then fill them."""
        filled: list[tuple[_Mirror, Any]] = []
        for text, contents in changes.items():
            number, (tag, items) = int(text), contents
            mirror = self._mirrors.get(number)
            if mirror is None:
                mirror = self._mirrors[number] = _Mirror(_empty(tag))
                self._mirror_numbers[id(mirror.container)] = number
            else:
                self.note_change(number)
            filled.append((mirror, items))
        for mirror, items in filled:
            self._fill(mirror.container, items)
        for mirror, _ in filled:
            mirror.known = self._contents(mirror.container)

    def _fill(self, container: Any, items: list[Any]) -> None:
        if isinstance(container, dict):
            pairs = [(self._decode(key), self._decode(value)) for key, value in items]
            container.clear()
            for key, value in pairs:  # `dict.update` would leave an OrderedDict without its order
                container[key] = value
        elif isinstance(container, (set, collections.deque)):
            values = [self._decode(item) for item in items]
            container.clear()
            (container.update if isinstance(container, set) else container.extend)(values)
        else:
            container[:] = [self._decode(item) for item in items]


_IMMUTABLE: dict[type, str] = {
    tuple: "tuple",
    frozenset: "frozenset",
    type({}.keys()): "keys",
    type({}.values()): "values",
    type({}.items()): "items",
}
_REBUILD: dict[str, Callable[[list[Any]], Any]] = {
    "tuple": tuple,
    "frozenset": frozenset,
    "keys": lambda items: dict.fromkeys(items).keys(),
    "values": lambda items: dict(enumerate(items)).values(),
    "items": lambda items: dict(items).items(),
}
_EMPTY: dict[str, Callable[[], Any]] = {kind.__name__: kind for kind in MIRRORED}
_DEFAULT_DICT = "defaultdict "
_OBJECT_TAGS = frozenset({"object", "class", "standard", "function", "test error"})


def _tag_of_dict(container: Any) -> str:
    kind = type(container)
    return _DEFAULT_DICT + name_of_factory(container) if kind is collections.defaultdict else str(kind.__name__)


def _empty(tag: str) -> Any:
    if tag.startswith(_DEFAULT_DICT):
        return collections.defaultdict(FACTORIES.get(tag.removeprefix(_DEFAULT_DICT)))
    return _EMPTY[tag]()

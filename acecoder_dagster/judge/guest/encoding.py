"""Typed values as JSON, so that a value can leave a sandbox without pickle, marshal or eval.

None, bool, int (up to 64 bits), float, str and list are themselves in JSON. Every other value is an object with one key
that names its type, as in `{"tuple": [1, 2]}`: so tuple and list, 1 and 1.0, set and frozenset stay different. A value
of a subclass of a plain type is read through the plain type's own slots, and never through methods of the subclass.

What is not plain data becomes `Opaque`, which equals nothing.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from acecoder_dagster.judge.guest.arrays import Opaque, ValueTooLargeError, decode_array, encode_array
from acecoder_dagster.judge.guest.kinds import are_json_already, build_rare, rare_parts

MAX_DEPTH = 100
MAX_NODES = 2_000_000
MAX_INT_BITS = 1 << 24
MAX_ITERATOR_ITEMS = 10_000
LONG = 16


class TruncatedIteratorError(Exception):
    """The test asks an iterator for more items than have left the sandbox."""


class _Encoder:
    """Turns values into what `json.dumps` writes; it counts their parts, so that cycles and floods end."""

    def __init__(self) -> None:
        self.nodes = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        kind = type(value)
        if kind is str or kind is bool or value is None:
            return value
        if kind is float:
            return _encode_nan(value) if math.isnan(value) else value
        if kind is int:
            return value if -(1 << 63) <= value < (1 << 63) else _encode_big_int(value)
        if depth >= MAX_DEPTH:
            return {"opaque": "nested too deeply"}
        encode_container = _CONTAINERS.get(kind)
        if encode_container is not None:
            return encode_container(self, value, depth + 1)
        encode_scalar = _SCALARS.get(kind)
        if encode_scalar is not None:
            return encode_scalar(value)
        return self._encode_other(value, kind, depth)

    def _encode_other(self, value: Any, kind: type, depth: int) -> Any:
        bases = type.__dict__["__mro__"].__get__(kind)
        array = encode_array(value)  # before subclasses: numpy's numbers are some of float and complex too
        if array is not None:
            return array
        rare = rare_parts(value)
        if rare is not None:
            return self.rare(*rare, depth)
        for base in bases[1:]:
            if base in _PLAIN_COPY:
                return self.encode(_PLAIN_COPY[base](value), depth)
        if any("__next__" in base.__dict__ for base in bases):
            return self._encode_iterator(value, depth + 1)
        return {"opaque": type.__dict__["__name__"].__get__(kind)[:80]}

    def _encode_iterator(self, value: Iterator[Any], depth: int) -> Any:
        items: list[Any] = []
        for item in value:
            if len(items) == MAX_ITERATOR_ITEMS:
                return {"iterator": [self.items(items, depth), True]}
            items.append(item)
        return {"iterator": [self.items(items, depth), False]}

    def rare(self, name: str, parts: Any, depth: int) -> Any:
        return {"rare": [name, self.encode(parts, depth + 1)]}

    def items(self, values: Any, depth: int) -> list[Any]:
        self.nodes += len(values) + 1
        if self.nodes > MAX_NODES:
            raise ValueTooLargeError(f"more than {MAX_NODES} parts")
        if len(values) >= LONG and are_json_already(values):
            return list(values)
        return [self.encode(value, depth) for value in values]

    def pairs(self, values: Any, depth: int) -> list[Any]:
        self.nodes += len(values)
        if self.nodes > MAX_NODES:
            raise ValueTooLargeError(f"more than {MAX_NODES} parts")
        return [self.items(pair, depth) for pair in values]


def _encode_nan(value: float) -> Any:
    """Containers compare by identity first, so two lists with the same NaN are equal: the usual ones stay the same."""
    for module in ("math", "numpy"):
        if value is getattr(sys.modules.get(module), "nan", None):
            return {"nan": module}
    return value


def _decode_nan(module: Any) -> float:
    if module not in ("math", "numpy"):
        raise ValueError("not a NaN")
    nan: float = getattr(sys.modules.get(module), "nan", math.nan)
    return nan


def _encode_big_int(value: int) -> Any:
    if value.bit_length() > MAX_INT_BITS:
        raise ValueTooLargeError(f"a number of {value.bit_length()} bits")
    return {"int": hex(value)}


def _tagged(tag: str) -> Callable[[_Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {tag: encoder.items(value, depth)}


def _tagged_pairs(tag: str) -> Callable[[_Encoder, Any, int], Any]:
    return lambda encoder, value, depth: {tag: encoder.pairs(dict.items(value), depth)}


def _encode_default_dict(encoder: _Encoder, value: Any, depth: int) -> Any:
    rare = rare_parts(value)
    return {"dict": encoder.pairs(dict.items(value), depth)} if rare is None else encoder.rare(*rare, depth)


_CONTAINERS: dict[type, Callable[[_Encoder, Any, int], Any]] = {
    list: lambda encoder, value, depth: encoder.items(value, depth),
    tuple: _tagged("tuple"),
    set: _tagged("set"),
    frozenset: _tagged("frozenset"),
    collections.deque: _tagged("deque"),
    dict: _tagged_pairs("dict"),
    collections.defaultdict: _encode_default_dict,
    collections.OrderedDict: _tagged_pairs("OrderedDict"),
    collections.Counter: _tagged_pairs("Counter"),
    type({}.keys()): _tagged("keys"),
    type({}.values()): _tagged("values"),
    type({}.items()): lambda encoder, value, depth: {"items": encoder.pairs(value, depth)},
}


def _encode_timedelta(value: datetime.timedelta) -> Any:
    return {"timedelta": [value.days, value.seconds, value.microseconds]}


def _encode_datetime(value: datetime.datetime) -> Any:
    if value.tzinfo is not None and type(value.tzinfo) is not datetime.timezone:
        return {"opaque": "datetime with a time zone of its own"}
    return {"datetime": value.isoformat()}


_SCALARS: dict[type, Callable[[Any], Any]] = {
    bytes: lambda value: {"bytes": value.hex()},
    bytearray: lambda value: {"bytearray": value.hex()},
    complex: lambda value: {"complex": [value.real, value.imag]},
    range: lambda value: {"range": [value.start, value.stop, value.step]},
    decimal.Decimal: lambda value: {"Decimal": str(value)},
    fractions.Fraction: lambda value: {"Fraction": [hex(value.numerator), hex(value.denominator)]},
    datetime.date: lambda value: {"date": value.isoformat()},
    datetime.datetime: _encode_datetime,
    datetime.timedelta: _encode_timedelta,
    type(NotImplemented): lambda value: {"NotImplemented": None},
    type(Ellipsis): lambda value: {"Ellipsis": None},
}

# A subclass of these is read through the base type itself, whatever the subclass overrides.
_PLAIN_COPY: dict[type, Callable[[Any], Any]] = {
    int: lambda value: int.__add__(value, 0),
    float: float.__pos__,
    complex: complex.__pos__,
    str: str.__str__,
    bytes: lambda value: bytes.__add__(value, b""),
    bytearray: lambda value: bytearray.__add__(value, b""),
    list: lambda value: list.__getitem__(value, slice(None)),
    tuple: lambda value: tuple.__getitem__(value, slice(None)),
    collections.OrderedDict: lambda value: collections.OrderedDict(dict.items(value)),
    collections.Counter: lambda value: collections.Counter(dict(dict.items(value))),
    dict: lambda value: dict(dict.items(value)),
    set: lambda value: set(set.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    collections.deque: lambda value: collections.deque(collections.deque.__iter__(value)),
}

NOT_AN_ATOM = object()


def encode_atom(value: Any) -> Any:
    """Encode a plain value that has no parts.

    Args:
        value: any Python value.

    Returns:
        What `json.dumps` writes, or NOT_AN_ATOM for containers and whatever is not plain data.

    Raises:
        ValueTooLargeError: a number is beyond the limits of this module.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is float:
        return _encode_nan(value) if math.isnan(value) else value
    if kind is int:
        return value if -(1 << 63) <= value < (1 << 63) else _encode_big_int(value)
    encode_scalar = _SCALARS.get(kind)
    if encode_scalar is not None:
        return encode_scalar(value)
    array = encode_array(value)
    if array is not None:
        return array
    rare = rare_parts(value, only_fixed=True)
    return NOT_AN_ATOM if rare is None else _Encoder().rare(*rare, 0)


def decode_atom(tag: str, content: Any) -> Any:
    """Decode what `encode_atom` wrote as an object with one key.

    Raises:
        ValueError: it wrote no such thing.
    """
    if tag not in _ATOM_TAGS:
        raise ValueError("unknown type")
    return _DECODERS[tag](content)


def plain_copy(value: Any) -> Any:
    """Read a value whose class derives from a plain type, through the plain type's own slots.

    Args:
        value: any Python value.

    Returns:
        A value of the plain type, or NOT_AN_ATOM when the class derives from none.
    """
    for base in type.__dict__["__mro__"].__get__(type(value)):
        if base in _PLAIN_COPY:
            return _PLAIN_COPY[base](value)
    return NOT_AN_ATOM


def _refuse(value: object) -> None:
    raise TypeError(f"{type(value).__name__} is not plain data")


# What json.dumps(value, check_circular=False, separators=(",", ":")) builds anew for every call.
_dump_in_parts: Callable[[Any, int], Iterable[str]] = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
    None, _refuse, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
)


def encode_values(values: Iterable[Any]) -> bytes:
    """Encode several values as one JSON list on one line.

    Args:
        values: any Python values, hostile ones included.

    Returns:
        ASCII bytes without a newline; equal plain values of equal types give equal bytes, except that
        sets and dicts keep their own order.

    Raises:
        ValueTooLargeError: a number or a structure is beyond the limits of this module.
    """
    encoder = _Encoder()
    return "".join(_dump_in_parts([encoder.encode(value) for value in values], 0)).encode("ascii")


def decode_values(line: bytes) -> list[Any]:
    """Decode what `encode_values` wrote; any bytes are safe.

    Args:
        line: bytes from a sandbox, which may have been written by hostile code.

    Returns:
        The values; `Opaque` in the place of whatever was not plain data.

    Raises:
        ValueError: the bytes are not such a line.
    """
    try:
        values = json.loads(line)
        if type(values) is not list:
            raise ValueError("not a list of values")
        return values if b"{" not in line else [_decode(value) for value in values]
    except (RecursionError, TypeError, OverflowError, ArithmeticError, IndexError, KeyError) as error:
        raise ValueError(f"not an encoded value: {type(error).__name__}") from error


def _decode(value: Any) -> Any:
    if type(value) is list:
        return [_decode(item) for item in value]
    if type(value) is not dict:
        return value
    if len(value) != 1:
        raise ValueError("a tagged value has exactly one key")
    ((tag, content),) = value.items()
    if tag not in _DECODERS:
        raise ValueError("unknown type")
    return _DECODERS[tag](content)


def _decode_iterator(content: Any) -> Iterator[Any]:
    items, truncated = content

    def replay() -> Iterator[Any]:
        yield from _decode(items)
        if truncated:
            raise TruncatedIteratorError(f"only {MAX_ITERATOR_ITEMS} items were kept")

    return replay()


def _pairs(content: Any) -> dict[Any, Any]:
    return {_decode(key): _decode(item) for key, item in content}


def _unless_unhashable(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def decode(content: Any) -> Any:
        try:
            return build(content)
        except TypeError:  # an opaque member or key
            return Opaque("collection of opaque values")

    return decode


def _bounded_int(text: str) -> int:
    if len(text) > MAX_INT_BITS // 4 + 8:
        raise ValueError("number too large")
    return int(text, 16)


def _small_decimal(text: str) -> decimal.Decimal:
    # A huge exponent would turn one comparison with an int into minutes of work.
    if len(text) > 1000:
        raise ValueError("number too large")
    number = decimal.Decimal(text)
    if number.is_finite() and abs(number.adjusted()) > 2000:
        raise ValueError("number too large")
    return number


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "nan": _decode_nan,
    "int": _bounded_int,
    "tuple": lambda content: tuple(_decode(item) for item in content),
    "set": _unless_unhashable(lambda content: {_decode(item) for item in content}),
    "frozenset": _unless_unhashable(lambda content: frozenset(_decode(item) for item in content)),
    "deque": lambda content: collections.deque(_decode(item) for item in content),
    "dict": _unless_unhashable(_pairs),
    "OrderedDict": _unless_unhashable(lambda content: collections.OrderedDict(_pairs(content))),
    "Counter": _unless_unhashable(lambda content: collections.Counter(_pairs(content))),
    "keys": _unless_unhashable(lambda content: {_decode(item): None for item in content}.keys()),
    "values": lambda content: dict(enumerate(_decode(item) for item in content)).values(),
    "items": _unless_unhashable(lambda content: _pairs(content).items()),
    "iterator": _decode_iterator,
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "complex": lambda content: complex(*content),
    "range": lambda content: range(*content),
    "Decimal": _small_decimal,
    "Fraction": lambda content: fractions.Fraction(_bounded_int(content[0]), _bounded_int(content[1])),
    "date": datetime.date.fromisoformat,
    "datetime": datetime.datetime.fromisoformat,
    "timedelta": lambda content: datetime.timedelta(*content),
    "NotImplemented": lambda _: NotImplemented,
    "Ellipsis": lambda _: Ellipsis,
    "numpy": decode_array,
    "rare": lambda content: build_rare(content[0], _decode(content[1])),
    "opaque": lambda content: Opaque(str(content)),
}

_TAGS_WITH_PARTS = {"tuple", "set", "frozenset", "deque", "dict", "OrderedDict", "Counter", "keys", "values", "items"}
_ATOM_TAGS = _DECODERS.keys() - _TAGS_WITH_PARTS - {"iterator", "bytearray"}


def allow_long_integers_as_text() -> None:
    """Lift CPython's limit of 4,300 digits for converting int and str: honest programs print long numbers."""
    sys.set_int_max_str_digits(0)

"""Values of the standard library that are rarer than containers and numbers, and travel as plain parts.

Each kind is told apart by its exact type, made of plain parts where it is read, and of nothing that it could execute.
"""

from __future__ import annotations

import collections
import importlib
import math
import sys
import types
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from acecoder_dagster.judge.guest import frames
from acecoder_dagster.judge.guest.arrays import array_of_objects, object_array

MAX_FIELDS = 256
FACTORIES = {kind.__name__: kind for kind in (int, float, complex, bool, str, bytes, list, dict, set, frozenset, tuple)}


class Kind(NamedTuple):
    """How values of one type travel.

    Attributes:
        parts: gives the plain parts of a value.
        build: makes the value of its type and its parts.
        is_fixed: whether nobody can change such a value: so a copy is as good as the value itself.
    """

    parts: Callable[[Any], Any]
    build: Callable[[Any, Any], Any]
    is_fixed: bool = True


def _made_of_one(kind: Any, parts: Any) -> Any:
    return kind(parts)


def _made_of_all(kind: Any, parts: Any) -> Any:
    return kind(*parts)


def _made_by_name(kind: Any, parts: Any) -> Any:
    return kind(**parts)


_AS_TEXT = Kind(str, _made_of_one)
_KINDS: dict[str, Kind] = {
    "datetime.time": Kind(lambda value: value.isoformat(), lambda kind, parts: kind.fromisoformat(parts)),
    "datetime.timezone": Kind(lambda value: (value.utcoffset(None), value.tzname(None)), _made_of_all),
    "uuid.UUID": _AS_TEXT,
    **{f"ipaddress.IPv{v}{what}": _AS_TEXT for v in (4, 6) for what in ("Address", "Network", "Interface")},
    **{f"pathlib.{name}": _AS_TEXT for name in ("PurePosixPath", "PosixPath", "PureWindowsPath")},
    "builtins.slice": Kind(lambda value: (value.start, value.stop, value.step), _made_of_all),
    "builtins.memoryview": Kind(bytes, _made_of_one),
    "types.MappingProxyType": Kind(dict, _made_of_one),
    "types.SimpleNamespace": Kind(lambda value: dict(vars(value)), _made_by_name, is_fixed=False),
    "array.array": Kind(lambda value: (value.typecode, value.tolist()), _made_of_all, is_fixed=False),
    "collections.UserList": Kind(lambda value: list(value.data), _made_of_one, is_fixed=False),
    "collections.UserDict": Kind(lambda value: dict(value.data), _made_of_one, is_fixed=False),
    "collections.UserString": Kind(lambda value: str(value.data), _made_of_one),
    "collections.ChainMap": Kind(lambda value: list(value.maps), _made_of_all, is_fixed=False),
}
_KINDS["numpy.ma.core.MaskedArray"] = Kind(
    lambda value: (value.data, value.mask, value.fill_value),
    lambda kind, parts: kind(parts[0], mask=parts[1], fill_value=parts[2]),
)
_KINDS["numpy.ma.core.MaskedConstant"] = Kind(
    lambda _: None, lambda kind, _: importlib.import_module("numpy.ma").masked
)
_MODULES = sorted({name.rpartition(".")[0] for name in _KINDS})
NAMED_TUPLE, DEFAULT_DICT, OBJECT_ARRAY = "named tuple", "default dict", "array of objects"


def rare_parts(value: Any, only_fixed: bool = False) -> tuple[str, Any] | None:
    """Return the name of a value's kind and its plain parts; None where it is of no such kind.

    Args:
        value: any value.
        only_fixed: leave out kinds whose values can be changed in place.
    """
    kind = type(value)
    if kind is collections.defaultdict:
        factory = name_of_factory(value)
        return (DEFAULT_DICT, (factory, dict(value))) if factory and not only_fixed else None
    if issubclass(kind, tuple):
        return _parts_of_named_tuple(value, kind)
    if kind.__module__ == "numpy" and (of_objects := array_of_objects(value)) is not None:
        return OBJECT_ARRAY, of_objects
    if (of_pandas := frames.frame_parts(value)) is not None:
        return of_pandas
    name = _name_of(kind)
    if not name or (only_fixed and not _KINDS[name].is_fixed):
        return None
    return name, _KINDS[name].parts(value)


def name_of_factory(value: collections.defaultdict[Any, Any]) -> str:
    """Return the name of the class that makes a missing value, where it is a built-in one; else nothing."""
    name = getattr(value.default_factory, "__name__", "")
    return name if FACTORIES.get(name) is value.default_factory and name else ""


def build_rare(name: Any, parts: Any) -> Any:
    """Make a value of what `rare_parts` returned.

    Raises:
        ValueError: it returned no such thing.
    """
    if name == NAMED_TUPLE:
        type_name, fields, values = parts
        if len(fields) > MAX_FIELDS:
            raise ValueError("too many fields")
        return collections.namedtuple(str(type_name), list(map(str, fields)))(*values)
    if name == DEFAULT_DICT:
        factory, pairs = parts
        return collections.defaultdict(FACTORIES[factory], pairs)
    if name == OBJECT_ARRAY:
        shape, items = parts
        return object_array(items).reshape(shape)
    if name.startswith(frames.PREFIX):
        return frames.build_frame(name, parts)
    if name not in _KINDS:
        raise ValueError("unknown kind")
    module, _, type_name = name.rpartition(".")
    return _KINDS[name].build(getattr(importlib.import_module(module), type_name), parts)


def _name_of(kind: type) -> str:
    """The name of a kind by its exact type: a class that has only the same name is another."""
    for module in _MODULES:
        name = f"{module}.{type.__dict__['__name__'].__get__(kind)}"
        if name in _KINDS and getattr(sys.modules.get(module), name.rpartition(".")[2], None) is kind:
            return name
    return "types.MappingProxyType" if kind is types.MappingProxyType else ""


def _parts_of_named_tuple(value: Any, kind: type) -> tuple[str, Any] | None:
    fields = kind.__dict__.get("_fields")
    if type(fields) is not tuple or not all(type(field) is str for field in fields) or kind.__bases__ != (tuple,):
        return None
    items = tuple.__getitem__(value, slice(None))
    if len(fields) != len(items) or len(fields) > MAX_FIELDS or any(field.startswith("_") for field in fields):
        return None
    return NAMED_TUPLE, (type.__dict__["__name__"].__get__(kind), fields, items)


_TEXTS_AND_TRUTHS = frozenset({str, bool, type(None)})


def are_json_already(values: Collection[Any]) -> bool:
    """Return whether the encoding is sure to change none of these values: of long lists that is soon told."""
    kinds = frozenset(map(type, values))
    if kinds == {int}:
        return bool(min(values) >= -(1 << 63) and max(values) < 1 << 63)
    if kinds == {float}:
        return not math.isnan(sum(values))
    return kinds <= _TEXTS_AND_TRUTHS

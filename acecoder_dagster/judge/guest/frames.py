"""Frames, series, indexes and moments of pandas as plain parts, arrays of numpy among them.

Each kind is told apart by its exact type and made by pandas' own constructors, of nothing that it could execute.
"""

from __future__ import annotations

import datetime
import importlib
import re
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from acecoder_dagster.judge.guest.arrays import object_array

PREFIX = "pandas."
_NAME_OF_ZONE = re.compile(r"(?!dateutil)[A-Za-z][A-Za-z0-9_+/-]{0,63}")  # others may name files
_FREQUENCY = re.compile(r"-?[A-Za-z0-9:-]{1,40}")
_UNITS = ("s", "ms", "us", "ns")
_MASKED = frozenset(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)) | {
    "Float32",
    "Float64",
    "boolean",
}
_STRINGS = frozenset({"string", "str"})


class _Kind(NamedTuple):
    """How values of one type travel: what gives their parts, and what makes a value of pandas and the parts."""

    parts: Callable[[Any], Any]
    build: Callable[[Any, Any], Any]


class _NotPlainError(Exception):
    """Something in the value is of a kind that does not travel."""


def frame_parts(value: Any) -> tuple[str, Any] | None:
    """Return the name of a kind of pandas and the parts of a value; None for anything else. Pandas is not imported.

    Args:
        value: any value.
    """
    pandas = sys.modules.get("pandas")
    kind = type(value)
    name = type.__dict__["__name__"].__get__(kind)
    if pandas is None or name not in _KINDS or _class_of(pandas, name) is not kind:
        return None
    try:
        return PREFIX + name, _KINDS[name].parts(value)
    except Exception:  # it holds what does not travel, or is not what its type says
        return None


def build_frame(name: str, parts: Any) -> Any:
    """Make a value of what `frame_parts` returned.

    Raises:
        ValueError: it returned no such thing, or there is no pandas here.
    """
    kind = _KINDS.get(name.removeprefix(PREFIX))
    if kind is None:
        raise ValueError("unknown kind of pandas")
    try:
        pandas = importlib.import_module("pandas")
    except ImportError as error:
        raise ValueError("there is no pandas") from error
    try:
        return kind.build(pandas, parts)
    except (OverflowError, AttributeError) as error:
        raise ValueError("not parts of pandas") from error


def _class_of(pandas: Any, name: str) -> Any:
    if name in ("NaTType", "NAType"):
        return type(getattr(pandas, name.removesuffix("Type"), None))
    return getattr(pandas, name, None)


def _array_parts(array: Any) -> tuple[Any, ...]:
    """The parts of the values of a series or index: a word for their kind comes first."""
    name = type(array).__name__
    if name == "ndarray":
        return ("object", array.tolist()) if array.dtype.kind == "O" else ("numpy", array)
    if name in ("NumpyExtensionArray", "PandasArray"):
        return _array_parts(array.to_numpy())
    if name == "Categorical":
        return ("categorical", array.codes, array.categories, bool(array.ordered))
    if name == "DatetimeArray" and array.dtype.kind == "M" and getattr(array, "tz", None) is not None:
        return ("zoned", array.asi8, array.unit, _zone_parts(array.tz))
    if name in ("DatetimeArray", "TimedeltaArray"):
        return ("numpy", array._ndarray)
    if name == "PeriodArray":
        return ("period", array.asi8, array.freqstr)
    if name == "IntervalArray":
        return ("interval", array.left, array.right, str(array.closed))
    if str(array.dtype) in _MASKED:
        return ("masked", str(array.dtype), array._data, array._mask)
    if getattr(array.dtype, "name", "") in _STRINGS:
        return ("string", str(array.dtype.name), [item if type(item) is str else None for item in array.tolist()])
    raise _NotPlainError


def _build_array(pandas: Any, parts: Any) -> Any:
    word, *rest = parts
    return _ARRAYS[word](pandas, *rest)


def _zoned_array(pandas: Any, numbers: Any, unit: str, zone: Any) -> Any:
    naive = pandas.DatetimeIndex(numbers.view(f"M8[{_checked_unit(unit)}]"))
    return naive.tz_localize("UTC").tz_convert(_build_zone(zone)).array


def _masked_array(pandas: Any, dtype: str, data: Any, mask: Any) -> Any:
    if dtype not in _MASKED:
        raise ValueError("unknown type of values")
    kind = {"F": "FloatingArray", "b": "BooleanArray"}.get(dtype[0], "IntegerArray")
    return getattr(pandas.arrays, kind)(data.copy(), mask.copy())


def _string_array(pandas: Any, dtype: str, items: list[Any]) -> Any:
    if dtype not in _STRINGS:
        raise ValueError("unknown type of text")
    return pandas.array([pandas.NA if item is None else str(item) for item in items], dtype=dtype)


_ARRAYS: dict[Any, Callable[..., Any]] = {
    "object": lambda pandas, items: object_array(items),
    "numpy": lambda pandas, array: array.copy(),
    "categorical": lambda pandas, codes, categories, ordered: pandas.Categorical.from_codes(
        codes, categories=categories, ordered=bool(ordered)
    ),
    "zoned": _zoned_array,
    "period": lambda pandas, ordinals, frequency: (
        pandas.PeriodIndex.from_ordinals(ordinals, freq=_checked_frequency(frequency)).array
    ),
    "interval": lambda pandas, left, right, closed: pandas.IntervalIndex.from_arrays(left, right, closed=closed).array,
    "masked": _masked_array,
    "string": _string_array,
}


def _zone_parts(zone: Any) -> Any:
    """The parts of a time zone: its seconds east of Greenwich where these are always the same, else its name."""
    if zone is None:
        return None
    offset = zone.utcoffset(None)
    if offset is not None:
        return int(offset.total_seconds())
    name = str(zone)
    if not _NAME_OF_ZONE.fullmatch(name):
        raise _NotPlainError
    return name


def _build_zone(parts: Any) -> Any:
    if parts is None:
        return None
    if type(parts) is int:
        return datetime.UTC if parts == 0 else datetime.timezone(datetime.timedelta(seconds=parts))
    if not _NAME_OF_ZONE.fullmatch(parts):
        raise ValueError("not a time zone")
    return parts


def _checked_unit(unit: str) -> str:
    if unit not in _UNITS:
        raise ValueError("not a unit of time")
    return unit


def _checked_frequency(frequency: str) -> str:
    if not _FREQUENCY.fullmatch(frequency):
        raise ValueError("not a frequency")
    return frequency


def _index_parts(index: Any) -> Any:
    frequency = getattr(index, "freqstr", None) if type(index).__name__ in ("DatetimeIndex", "TimedeltaIndex") else None
    return _array_parts(index._values), index.name, frequency


def _build_index(pandas: Any, parts: Any, kind: str) -> Any:
    array, name, frequency = parts
    index = getattr(pandas, kind)(_build_array(pandas, array), name=name)
    if frequency is not None:
        index.freq = _checked_frequency(frequency)
    return index


def _build_plain_index(pandas: Any, parts: Any) -> Any:
    array = _build_array(pandas, parts[0])
    return pandas.Index(array, name=parts[1], dtype=array.dtype)


def _index_kind(kind: str) -> _Kind:
    return _Kind(_index_parts, lambda pandas, parts: _build_index(pandas, parts, kind))


def _frame_parts(frame: Any) -> Any:
    columns = [_array_parts(frame.iloc[:, position]._values) for position in range(frame.shape[1])]
    return frame.columns, frame.index, columns


def _build_frame(pandas: Any, parts: Any) -> Any:
    columns, index, arrays = parts
    if not arrays:
        return pandas.DataFrame(index=index, columns=columns)
    frame = pandas.DataFrame({i: _build_array(pandas, array) for i, array in enumerate(arrays)}, index=index)
    frame.columns = columns
    return frame


def _build_series(pandas: Any, parts: Any) -> Any:
    array, index, name = parts
    values = _build_array(pandas, array)
    return pandas.Series(values, index=index, name=name, dtype=values.dtype)


def _build_moment(pandas: Any, parts: Any) -> Any:
    number, unit, zone = parts
    moment = pandas.Timestamp(number, unit="ns", tz="UTC").as_unit(_checked_unit(unit))
    return moment.tz_convert(_build_zone(zone))


_KINDS: dict[str, _Kind] = {
    "DataFrame": _Kind(_frame_parts, _build_frame),
    "Series": _Kind(lambda series: (_array_parts(series._values), series.index, series.name), _build_series),
    "Index": _Kind(_index_parts, _build_plain_index),
    "RangeIndex": _Kind(
        lambda index: (index.start, index.stop, index.step, index.name),
        lambda pandas, parts: pandas.RangeIndex(*parts[:3], name=parts[3]),
    ),
    "MultiIndex": _Kind(
        lambda index: (list(index.levels), [numbers.view(type(numbers)) for numbers in index.codes], list(index.names)),
        lambda pandas, parts: pandas.MultiIndex(levels=parts[0], codes=parts[1], names=parts[2]),
    ),
    **{
        kind: _index_kind(kind)
        for kind in ("DatetimeIndex", "TimedeltaIndex", "CategoricalIndex", "PeriodIndex", "IntervalIndex")
    },
    "Categorical": _Kind(_array_parts, _build_array),
    "Timestamp": _Kind(lambda moment: (moment.value, moment.unit, _zone_parts(moment.tz)), _build_moment),
    "Timedelta": _Kind(
        lambda span: (span.value, span.unit),
        lambda pandas, parts: pandas.Timedelta(parts[0], unit="ns").as_unit(_checked_unit(parts[1])),
    ),
    "Period": _Kind(
        lambda period: (period.ordinal, period.freqstr),
        lambda pandas, parts: pandas.Period(ordinal=parts[0], freq=_checked_frequency(parts[1])),
    ),
    "Interval": _Kind(
        lambda interval: (interval.left, interval.right, str(interval.closed)),
        lambda pandas, parts: pandas.Interval(*parts),
    ),
    "NaTType": _Kind(lambda _: None, lambda pandas, _: pandas.NaT),
    "NAType": _Kind(lambda _: None, lambda pandas, _: pandas.NA),
}

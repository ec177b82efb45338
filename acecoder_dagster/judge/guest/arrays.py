"""Arrays and numbers of numpy as JSON, and what stands for values that cannot leave a sandbox."""

from __future__ import annotations

import binascii
import importlib
import sys
from typing import Any

MAX_ARRAY_BYTES = 12 << 20
_ARRAY_KINDS = "biufcmMSU"  # what has no objects in it


class ValueTooLargeError(Exception):
    """The value has more parts, or a number has more bits, than may leave the sandbox."""


class Opaque:
    """Stands for a value that is not plain data. It equals nothing, not even itself, and has no hash."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<opaque {self.type_name}>"


def encode_array(value: Any) -> Any:
    """Encode an array or a number of numpy; None for anything else. Numpy is not imported for this.

    Raises:
        ValueTooLargeError: it is too large to leave the sandbox.
    """
    numpy = sys.modules.get("numpy")
    kind = type(value)
    if numpy is None or kind.__module__ != "numpy" or not (kind is numpy.ndarray or issubclass(kind, numpy.generic)):
        return None
    if value.dtype.kind not in _ARRAY_KINDS:
        return None
    if value.nbytes > MAX_ARRAY_BYTES:
        raise ValueTooLargeError(f"an array of {value.nbytes} bytes")
    shape = list(value.shape) if kind is numpy.ndarray else None
    return {"numpy": [value.dtype.str, shape, binascii.b2a_base64(value.tobytes(), newline=False).decode()]}


def array_of_objects(value: Any) -> tuple[list[int], list[Any]] | None:
    """Return the shape and the items of an array of objects; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray or value.dtype.kind != "O":
        return None
    return list(value.shape), value.ravel().tolist()


def object_array(items: list[Any]) -> Any:
    """Make an array of any objects, in one dimension."""
    array = importlib.import_module("numpy").empty(len(items), dtype=object)
    for position, item in enumerate(items):  # numpy would look into items that are lists
        array[position] = item
    return array


def decode_array(content: Any) -> Any:
    """Decode what `encode_array` wrote; an `Opaque` where there is no numpy.

    Raises:
        ValueError: it wrote no such thing.
    """
    data_type, shape, data = content
    if type(data_type) is not str or data_type.lstrip("<>|=")[:1] not in tuple(_ARRAY_KINDS):
        raise ValueError("not an array")
    try:
        numpy = importlib.import_module("numpy")
    except ImportError:
        return Opaque("array, where there is no numpy")
    array = numpy.frombuffer(binascii.a2b_base64(data), dtype=numpy.dtype(data_type))
    return array[0] if shape is None else array.reshape(shape).copy()

"""A task of a benchmark, whatever the format of its file."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class TaskError(ValueError):
    """A row is no task; the message begins with the column."""


@dataclass(frozen=True)
class Task:
    """What a model is asked, and what its programs are tested with.

    Attributes:
        task_id: the publisher's id.
        entry_point: name of the function to write; empty where programs read standard input.
        texts: what prompts show, by name.
        record: the row as it was read, whole; inputs and tests as the values that they stand for.
        reference: a program that is right, where the benchmark has one; else empty.
        calibration: what goes before an extracted program, where the protocol says so.
        date: when the question was published, where the benchmark says so.
        difficulty: the publisher's word; empty where it has none.
    """

    task_id: str
    entry_point: str
    texts: Mapping[str, str]
    record: Mapping[str, Any] = field(repr=False)
    reference: str = ""
    calibration: str = ""
    date: datetime.date | None = None
    difficulty: str = ""


def text_of(row: Mapping[str, Any], column: str) -> str:
    """Return a text of a row.

    Raises:
        TaskError: there is none.
    """
    value = row.get(column)
    if not isinstance(value, str):
        raise TaskError(f"{column}: a text is needed, not {_shown(value)}")
    return value


def list_of(row: Mapping[str, Any], column: str) -> list[Any]:
    """Return a list of a row.

    Raises:
        TaskError: there is none.
    """
    value = row.get(column)
    if not isinstance(value, list):
        raise TaskError(f"{column}: a list is needed, not {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{type(value).__name__} {str(value)[:60]!r}"

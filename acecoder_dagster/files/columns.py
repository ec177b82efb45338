"""The columns that files may have: what each may hold, and how raw values become Polars columns."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from acecoder_dagster.files.problems import Problems

ROW = "_row"
"""Column that every typed file has besides its own: the row's number, from 1 (of a JSONL file the line's)."""

FILE = "_file"
"""Column added when files are put together: the name of the row's file."""

REVISION = "_revision"
"""Column added when files are put together: the revision of the row's file."""


@dataclass(frozen=True)
class ColumnKind:
    """What a column may hold.

    Attributes:
        words: what it may hold, in the words of an error message.
        dtype: the Polars type of the column.
        accepts: tells whether a JSON value may stand in it.
        reads: tells whether a column of a file with this Polars type can be read as it.
        from_json: makes the column's value from a JSON value.
        from_polars: makes the column from one of a file.
        needed: of a list of objects, the fields that may not be empty.
    """

    words: str
    dtype: pl.DataType
    accepts: Callable[[object], bool]
    reads: Callable[[pl.DataType], bool]
    from_json: Callable[[Any], Any] = lambda value: value
    from_polars: Callable[[pl.Series], pl.Series] = lambda series: series
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class FileColumn:
    """One column of a file format. The default stands in for absent columns and empty values."""

    name: str
    kind: ColumnKind
    meaning: str
    required: bool = False
    default: Any = None


def _is_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON can spell half a character ("\ud800"), which no file can hold
        return False
    return True


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_real(value: object) -> bool:
    return isinstance(value, float) or _is_whole(value)


def _is_inference(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(_is_text(value.get(name)) for name in ("model_name", "completion"))
        and (value.get("completion_id") is None or _is_whole(value["completion_id"]))
    )


def _is_io_test(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(value.get(name)) for name in _IO_FIELDS)


def _list_of(accepts: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(accepts(item) for item in value)


def _reads_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def _reads_inferences(dtype: pl.DataType) -> bool:
    if not isinstance(dtype, pl.List) or not isinstance(dtype.inner, pl.Struct):
        return False
    texts = {field.name for field in dtype.inner.fields if field.dtype == pl.String()}
    return {"model_name", "completion"} <= texts


def _reads_io_tests(dtype: pl.DataType) -> bool:
    if not isinstance(dtype, pl.List) or not isinstance(dtype.inner, pl.Struct):
        return False
    return set(_IO_FIELDS) <= {field.name for field in dtype.inner.fields if field.dtype == pl.String()}


def _list_reads(reads: Callable[[pl.DataType], bool]) -> Callable[[pl.DataType], bool]:
    def check(dtype: pl.DataType) -> bool:
        if not isinstance(dtype, pl.List):
            return False
        inner = dtype.inner
        instance = inner if isinstance(inner, pl.DataType) else inner()
        return isinstance(instance, pl.Null) or reads(instance)

    return check


_IO_FIELDS = {"input": pl.String(), "output": pl.String()}
_INFERENCE_FIELDS = {"model_name": pl.String(), "completion_id": pl.Int64(), "completion": pl.String()}


def _io_tests_from_json(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value[name] for name in _IO_FIELDS} for value in values]


def _io_tests_from_polars(series: pl.Series) -> pl.Series:
    return series.list.eval(pl.struct(pl.element().struct.field(name).cast(pl.String()) for name in _IO_FIELDS))


def _inferences_from_json(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value.get(name) for name in _INFERENCE_FIELDS} for value in values]


def _inferences_from_polars(series: pl.Series) -> pl.Series:
    assert isinstance(series.dtype, pl.List)
    assert isinstance(series.dtype.inner, pl.Struct)
    present = {field.name for field in series.dtype.inner.fields}
    fields = [
        (pl.element().struct.field(name) if name in present else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in _INFERENCE_FIELDS.items()
    ]
    return series.list.eval(pl.struct(fields))


def _as_json(series: pl.Series) -> pl.Series:
    texts = [None if value is None else json.dumps(value, default=str) for value in series.to_list()]
    return pl.Series(series.name, texts, dtype=pl.String)


TEXT = ColumnKind("text", pl.String(), _is_text, _reads_text)
IDENTIFIER = ColumnKind(
    "text or a whole number",
    pl.String(),
    lambda value: _is_text(value) or _is_whole(value),
    lambda dtype: _reads_text(dtype) or dtype.is_integer(),
    from_json=str,
)
WHOLE = ColumnKind("a whole number", pl.Int64(), _is_whole, lambda dtype: dtype.is_integer())
REAL = ColumnKind("a number", pl.Float64(), _is_real, lambda dtype: dtype.is_numeric(), from_json=float)
FLAG = ColumnKind(
    "true or false", pl.Boolean(), lambda value: isinstance(value, bool), lambda dtype: isinstance(dtype, pl.Boolean)
)
TEXTS = ColumnKind("a list of texts", pl.List(pl.String()), _list_of(_is_text), _list_reads(_reads_text))
WHOLES = ColumnKind(
    "a list of whole numbers", pl.List(pl.Int64()), _list_of(_is_whole), _list_reads(lambda dtype: dtype.is_integer())
)
INFERENCES = ColumnKind(
    "a list of objects with the texts `model_name` and `completion` (and a whole number `completion_id`)",
    pl.List(pl.Struct(_INFERENCE_FIELDS)),
    _list_of(_is_inference),
    _reads_inferences,
    from_json=_inferences_from_json,
    from_polars=_inferences_from_polars,
    needed=("model_name", "completion"),
)
IO_TESTS = ColumnKind(
    "a list of objects with the texts `input` and `output`",
    pl.List(pl.Struct(_IO_FIELDS)),
    _list_of(_is_io_test),
    _reads_io_tests,
    from_json=_io_tests_from_json,
    from_polars=_io_tests_from_polars,
    needed=tuple(_IO_FIELDS),
)


JSON = ColumnKind(
    "any JSON value, or its text",
    pl.String(),
    lambda value: True,
    lambda dtype: True,
    from_json=lambda value: value if _is_text(value) else json.dumps(value),
    from_polars=lambda series: series if _reads_text(series.dtype) else _as_json(series),
)


def columns_from_records(
    records: list[dict[str, Any]], rows: list[int], columns: tuple[FileColumn, ...], file: str, problems: Problems
) -> pl.DataFrame:
    """Return columns of JSON objects with their types, and `_row`. Wrong values are added to the problems."""
    frame: dict[str, pl.Series] = {ROW: pl.Series(ROW, rows, dtype=pl.Int64)}
    for column in columns:
        values: list[Any] = []
        for record, row in zip(records, rows, strict=True):
            value = record.get(column.name)
            if value is not None and not column.kind.accepts(value):
                problems.add(file, f"{column.kind.words} is needed, found {_shown(value)}", row=row, column=column.name)
                value = None
            elif value is None and column.required:
                problems.add(file, f"empty; {column.kind.words} is needed", row=row, column=column.name)
            values.append(None if value is None else column.kind.from_json(value))
        frame[column.name] = pl.Series(column.name, values, dtype=column.kind.dtype)
    return _with_defaults(pl.DataFrame(frame), columns)


def columns_from_frame(
    raw: pl.DataFrame, columns: tuple[FileColumn, ...], file: str, problems: Problems, rows_before: int = 0
) -> pl.DataFrame:
    """Return columns of a table with their types, and `_row`. Wrong types and nulls are added to the problems."""
    numbers = range(rows_before + 1, rows_before + raw.height + 1)
    frame: dict[str, pl.Series] = {ROW: pl.Series(ROW, numbers, dtype=pl.Int64)}
    for column in columns:
        series = raw[column.name] if column.name in raw.columns else None
        if series is None or isinstance(series.dtype, pl.Null):
            series = pl.Series(column.name, [None] * raw.height, dtype=column.kind.dtype)
        elif not column.kind.reads(series.dtype):
            problems.add(file, f"{column.kind.words} is needed, the file has {series.dtype}", column=column.name)
            continue
        else:
            try:
                series = column.kind.from_polars(series).cast(column.kind.dtype)
            except pl.exceptions.PolarsError as error:
                problems.add(file, f"{column.kind.words} is needed: {error}", column=column.name)
                continue
        _report_nulls(series, column, file, problems, rows_before)
        frame[column.name] = series
    return _with_defaults(pl.DataFrame(frame), tuple(c for c in columns if c.name in frame))


def _report_nulls(series: pl.Series, column: FileColumn, file: str, problems: Problems, rows_before: int) -> None:
    empty = series.is_null() & column.required
    if isinstance(series.dtype, pl.List):
        empty = empty | series.list.eval(_element_is_empty(column.kind)).list.any().fill_null(value=False)
    for index in empty.arg_true():
        problems.add(file, f"empty; {column.kind.words} is needed", row=rows_before + index + 1, column=column.name)


def _element_is_empty(kind: ColumnKind) -> pl.Expr:
    needed = [pl.element().struct.field(name).is_null() for name in kind.needed]
    return pl.any_horizontal(pl.element().is_null(), *needed)


def _with_defaults(frame: pl.DataFrame, columns: tuple[FileColumn, ...]) -> pl.DataFrame:
    return frame.with_columns(
        pl.col(column.name).fill_null(pl.lit(column.default, dtype=column.kind.dtype))
        for column in columns
        if column.default is not None
    )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

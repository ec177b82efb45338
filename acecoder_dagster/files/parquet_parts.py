"""Reads Parquet part by part, so that a small file cannot fill the memory.

Parquet writes a value that is repeated once, and so a file of a few kilobytes can hold gigabytes of text. Texts are
therefore read as the file has them, each value once, and are written out only for as many rows as fit into a part.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from acecoder_dagster.files import limits
from acecoder_dagster.files.limits import Allowance, allowance_of, check_row_bytes
from acecoder_dagster.files.parts import Part

READ_BYTES = 1 << 20
"""Bytes of a column that are read at once. By default it is a row group, perhaps the whole file."""

VALUE_BYTES = 16
"""What a value takes besides its text, also where it is empty or null: the place of the text, and of its list."""

_TEXT_KINDS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)

_TEXT_TYPES = {"STRING", "NONE", "JSON", "ENUM", "BSON"}
"""Logical types of what Parquet keeps as bytes and Arrow can keep once for each value."""


def parquet_columns(path: Path) -> tuple[set[str], int]:
    """Return the names of the columns, and the number of rows."""
    with pq.ParquetFile(path) as file:
        return set(file.schema_arrow.names), file.metadata.num_rows


def parquet_parts(path: Path) -> Iterator[Part]:
    """Read a Parquet file.

    Raises:
        TooLargeError: a row or the file unpacks to more than it may.
    """
    allowance = allowance_of(path)
    with pq.ParquetFile(path) as file:
        plain = file.schema_arrow
        texts = _text_columns(file.schema)
        # Before anything is unpacked: a page of the file is unpacked as a whole.
        allowance_of(path).spend(_announced_bytes(file.metadata, file.schema))
    rows = 0
    with pq.ParquetFile(path, buffer_size=READ_BYTES, pre_buffer=False, read_dictionary=texts) as file:
        # A batch over two groups has two sets of values, which Arrow cannot put together inside lists.
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(_rows_at_once(file, group), row_groups=[group], use_threads=False):
                yield from arrow_parts(batch, plain, rows, allowance)
                rows += batch.num_rows


def arrow_parts(
    batch: pa.RecordBatch, schema: pa.Schema, rows_before: int, allowance: Allowance | None = None
) -> Iterator[Part]:
    """Cut rows into parts of at most `PART_BYTES`, and write texts out that are kept once.

    Args:
        batch: the rows.
        schema: their types when texts are written out.
        rows_before: rows of the file before them.
        allowance: what the file may unpack to; None where it is not packed.

    Raises:
        TooLargeError: a row or the file unpacks to more than it may.
    """
    sizes = sum((_sizes(column) for column in batch.columns), np.zeros(batch.num_rows, np.int64))
    ends = np.cumsum(sizes)
    for index in np.flatnonzero(sizes > limits.ROW_BYTES):
        check_row_bytes(int(sizes[index]), rows_before + int(index) + 1)
    start = 0
    while start < batch.num_rows:
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + limits.PART_BYTES, side="right")))
        if allowance is not None:
            allowance.spend(int(ends[end - 1]) - before, rows_before + end)
        part = batch.slice(start, end - start).cast(schema)
        part.validate(full=True)  # Polars trusts what Arrow hands over, and would die of text that is not UTF-8
        yield Part(pl.DataFrame(part), rows_before + start)
        start = end


def _rows_at_once(file: Any, group: int) -> int:  # noqa: ANN401 - pyarrow has no types
    """Return how many rows of a group are read at once: fewer where they are long."""
    described = file.metadata.row_group(group)
    fitting = limits.PART_BYTES * int(described.num_rows) // max(1, int(described.total_byte_size))
    return max(1, min(limits.ROWS_PER_PART, fitting))


def _text_columns(schema: Any) -> list[str]:  # noqa: ANN401 - pyarrow has no types
    columns = [schema.column(number) for number in range(len(schema))]
    return [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type in _TEXT_TYPES
    ]


def _announced_bytes(metadata: Any, schema: Any) -> int:  # noqa: ANN401 - pyarrow has no types
    """Return what the columns take by the end of the file, texts once for each value."""
    widths = [max(VALUE_BYTES, int(schema.column(number).length or 0)) for number in range(len(schema))]
    announced = 0
    for group in range(metadata.num_row_groups):
        for number, width in enumerate(widths):
            column = metadata.row_group(group).column(number)
            announced += int(column.total_uncompressed_size) + int(column.num_values) * width
    return announced


def _sizes(array: Any) -> npt.NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    """Return the bytes that each element takes when it is written out."""
    kind = array.type
    count = len(array)
    if pa.types.is_dictionary(kind):
        sizes = pl.Series(_sizes(array.dictionary)).gather(pl.Series(values=array.indices))
        return sizes.fill_null(VALUE_BYTES).to_numpy()
    if pa.types.is_struct(kind):
        return sum((_sizes(array.field(number)) for number in range(kind.num_fields)), np.zeros(count, np.int64))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        return _sums(array.values, _numbers(array.offsets)) + VALUE_BYTES
    if pa.types.is_fixed_size_list(kind):
        return _sums(array.values, (array.offset + np.arange(count + 1)) * kind.list_size) + VALUE_BYTES
    if any(is_kind(kind) for is_kind in _TEXT_KINDS):
        return _numbers(pc.binary_length(array)) + VALUE_BYTES
    return np.full(count, max(VALUE_BYTES, array.nbytes // max(1, count)), np.int64)


def _sums(values: Any, offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    """Return the bytes of the values between each two offsets."""
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(_sizes(values))])
    return np.diff(ends[offsets])


def _numbers(array: Any) -> npt.NDArray[np.int64]:  # noqa: ANN401 - pyarrow has no types
    # By way of Polars: Arrow's own conversion imports pandas first, which takes longer than most files.
    return pl.Series(values=array, dtype=pl.Int64).fill_null(0).to_numpy()

"""What rows hold, as hashes: a table that was made anew with the same rows is the same to all who read it."""

import hashlib
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import polars as pl

from acecoder_dagster.data.lake.keys import ID_LENGTH, content_key
from acecoder_dagster.data.tables import Table

ROWS_AT_ONCE = 10_000
"""Rows that are turned into text together."""


def column_digests(table: Table, rows: pl.DataFrame) -> dict[str, str]:
    """Return a hash of each column's values, with the rows ordered by the table's key: their order on disk is nobody's.

    Args:
        table: the table.
        rows: columns of the table.
    """
    ordered = rows.sort(table.key) if table.key else rows
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        return dict(
            zip(table.schema, threads.map(lambda name: _digest(ordered.select(name)), table.schema), strict=True)
        )


def content_of(digests: Mapping[str, str], without: Collection[str] = ()) -> str:
    """Return a hash of the rows of a table, but for some columns.

    Args:
        digests: what `column_digests` returned.
        without: columns that do not count.
    """
    return content_key(columns={name: digest for name, digest in digests.items() if name not in without})


@lru_cache(maxsize=4096)
def digests_of_file(table: Table, rows_file: Path) -> dict[str, str]:
    """Return the hashes of a file from before they were stored beside it; the file never changes."""
    return column_digests(table, table.conform(pl.read_parquet(rows_file, glob=False)))


def _digest(column: pl.DataFrame) -> str:
    digest = hashlib.sha256()
    for part in column.iter_slices(ROWS_AT_ONCE):
        # As JSON: how values lie in memory may differ from one version of Polars to the next.
        texts = part.to_struct("row").struct.json_encode()
        digest.update(texts.str.join("\n").item().encode())
        digest.update(b"\n")
    return digest.hexdigest()[:ID_LENGTH]

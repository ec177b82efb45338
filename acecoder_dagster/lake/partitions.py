"""Tables as immutable Parquet files, one per asset and batch, behind a small pointer that names the current one."""

import json
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from acecoder_dagster.lake.files import replace_file, replace_json
from acecoder_dagster.tables import REJECTED_ROWS, Table

UNPARTITIONED = "all"
"""The batch name under which a table without partitions is stored."""

POINTER = "current.json"

BATCH_NAME = re.compile(r"\w[\w.-]*")
"""Batches are names of folders and of Dagster's partitions."""


@dataclass(frozen=True)
class Partition:
    """The current version of one table for one batch.

    `content_key` says what it was computed from; `figures` are the numbers its stage reported (rows in, seconds ...).
    """

    table: str
    batch: str
    rows_file: Path
    rejected_file: Path
    rows: int
    rejected: int
    content_key: str
    written_at: str
    figures: dict[str, Any]


class Lake:
    """All tables of one project folder.

    Files are never changed after they were written: a new version gets a new name, and the pointer is renamed over.
    Readers that hold the old version keep reading it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(
        self,
        table: Table,
        batch: str,
        rows: pl.DataFrame,
        *,
        content_key: str,
        rejected: pl.DataFrame | None = None,
        figures: dict[str, Any] | None = None,
    ) -> Partition:
        """Store a new version of a partition, rows and rejected rows together, and make it the current one.

        Raises:
            TableError: when the rows do not have the table's columns and types.
            ValueError: the batch's name cannot name a folder.
        """
        rows = table.conform(rows)
        rejected = REJECTED_ROWS.conform(REJECTED_ROWS.empty() if rejected is None else rejected)
        folder = self._folder(table.name, batch)
        folder.mkdir(parents=True, exist_ok=True)
        version = uuid.uuid4().hex
        rows_file = folder / f"{version}.parquet"
        rejected_file = folder / f"{version}.rejected.parquet"
        replace_file(rows_file, lambda path: rows.write_parquet(path, compression="zstd"))
        replace_file(rejected_file, lambda path: rejected.write_parquet(path, compression="zstd"))
        replace_json(
            folder / POINTER,
            {
                "rows_file": rows_file.name,
                "rejected_file": rejected_file.name,
                "rows": rows.height,
                "rejected": rejected.height,
                "content_key": content_key,
                "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "figures": figures or {},
            },
        )
        current = self.current(table, batch)
        assert current is not None
        return current

    def current(self, table: Table, batch: str = UNPARTITIONED) -> Partition | None:
        """Return the current version of a partition, or None when it was never written."""
        pointer = self._folder(table.name, batch) / POINTER
        try:
            stored = json.loads(pointer.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        names = {"rows_file", "rejected_file"}
        files = {name: pointer.parent / stored[name] for name in names}
        return Partition(table=table.name, batch=batch, **files, **{k: v for k, v in stored.items() if k not in names})

    def partitions(self, table: Table) -> list[Partition]:
        """Return the current version of every batch of a table, ordered by batch name."""
        pointers = sorted((self.root / table.name).glob(f"batch=*/{POINTER}"))
        found = [self.current(table, pointer.parent.name.removeprefix("batch=")) for pointer in pointers]
        return [partition for partition in found if partition is not None]

    def read(
        self, table: Table, batches: Iterable[str] | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return rows of a table with a `batch` column added: of all batches and columns, or of those named."""
        wanted = None if batches is None else set(batches)
        names = list(columns or table.schema)
        frames = [
            self._read(table, partition, names)
            for partition in self.partitions(table)
            if wanted is None or partition.batch in wanted
        ]
        empty = table.empty().select(names).with_columns(batch=pl.lit("", dtype=pl.String))
        return pl.concat([empty, *frames])

    def _read(self, table: Table, partition: Partition, names: Sequence[str]) -> pl.DataFrame:
        stored = pl.read_parquet_schema(partition.rows_file)
        rows = pl.read_parquet(partition.rows_file, columns=[name for name in names if name in stored])
        return table.with_defaults(rows).select(*names, batch=pl.lit(partition.batch))

    def _folder(self, table: str, batch: str) -> Path:
        if not BATCH_NAME.fullmatch(batch):
            raise ValueError(f"batch {batch!r}: a name of a batch has letters, digits, '_', '-' and '.' only")
        return self.root / table / f"batch={batch}"

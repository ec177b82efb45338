"""Tables as Parquet files that never change, one for each batch, and a small file that names the current one."""

import re
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import polars as pl

from acecoder_dagster.data.lake.contents import column_digests, content_of, digests_of_file
from acecoder_dagster.data.store import LocalStore, Store
from acecoder_dagster.data.tables import REJECTED_ROWS, Table
from acecoder_dagster.files import read_json, replace_file

UNPARTITIONED = "all"
"""The batch name under which a table without partitions is stored."""

POINTER = "current.json"

EARLIER = "earlier"
"""What a pointer says of the versions before, the oldest first."""

BATCH_NAME = re.compile(r"\w[\w.|/@+:-]*")
"""Batches are names of Dagster's partitions and, but for characters that paths give a meaning, of folders."""

ROW_KEYS = pl.Schema({"unit": pl.String, "row_key": pl.String})
"""What the rows of each unit (a question, a program) were computed from, hashed."""


@dataclass(frozen=True)
class Partition:
    """A version of one table for one batch.

    Attributes:
        table: the table.
        batch: the batch.
        rows_file: the rows.
        rejected_file: the rows that the stage did not keep.
        rows: how many rows.
        rejected: how many rejected rows.
        content_key: hash of everything that the rows were computed from.
        written_at: when, as ISO 8601 in UTC.
        figures: numbers that the stage reported (rows in, seconds ...).
        row_keys_file: what the rows of each unit were computed from, where the stage takes over single rows.
        digests: hash of the values of each column; empty in versions from before they were stored.
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
    row_keys_file: Path | None = None
    digests: dict[str, str] = field(default_factory=dict)

    def row_keys(self) -> pl.DataFrame:
        """Return the row keys (columns of ROW_KEYS), none where the stage has none."""
        return ROW_KEYS.to_frame() if self.row_keys_file is None else pl.read_parquet(self.row_keys_file)

    def content(self, table: Table, without: Collection[str] = ()) -> str:
        """Return a hash of the rows, but for some columns; `content_key` says what they were made from."""
        return content_of(self.column_digests(table), without)

    def column_digests(self, table: Table) -> dict[str, str]:
        """Return a hash of the values of each column."""
        return self.digests or digests_of_file(table, self.rows_file)


class Lake:
    """All tables of one project folder.

    A file never changes once it is written: a new version has a new name, and the file that names the current one is
    replaced. Readers that have the old version open keep reading it.

    Args:
        root: the folder of the tables.
        store: where the project is kept.
    """

    def __init__(self, root: Path, store: Store | None = None) -> None:
        self.root = root
        self.store = store or LocalStore()

    def write(
        self,
        table: Table,
        batch: str,
        rows: pl.DataFrame,
        *,
        content_key: str,
        rejected: pl.DataFrame | None = None,
        figures: dict[str, Any] | None = None,
        row_keys: pl.DataFrame | None = None,
    ) -> Partition:
        """Store a new version of a partition, rows and rejected rows together, and make it the current one.

        `row_keys` (columns of ROW_KEYS) say what the rows of each unit were computed from.

        Raises:
            TableError: when the rows do not have the table's columns and types.
            ValueError: the batch's name cannot name a folder.
            StaleError: another process made a version current since this one looked.
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
        files = [rows_file, rejected_file]
        row_keys_file = None
        if row_keys is not None:
            row_keys_file = folder / f"{version}.row_keys.parquet"
            replace_file(row_keys_file, lambda path: row_keys.write_parquet(path, compression="zstd"))
            files.append(row_keys_file)
        self.store.commit(
            folder / POINTER,
            {
                "rows_file": rows_file.name,
                "rejected_file": rejected_file.name,
                **({"row_keys_file": row_keys_file.name} if row_keys_file else {}),
                "rows": rows.height,
                "rejected": rejected.height,
                "content_key": content_key,
                "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "figures": figures or {},
                "digests": column_digests(table, rows),
                EARLIER: earlier_versions(folder),
            },
            files,
        )
        current = self.current(table, batch)
        assert current is not None
        return current

    def current(self, table: Table, batch: str = UNPARTITIONED) -> Partition | None:
        """Return the current version of a partition, or None when it was never written."""
        pointer = self._folder(table.name, batch) / POINTER
        stored = read_json(pointer)
        return None if stored is None else self._partition(table, batch, stored)

    def versions(self, table: Table, batch: str = UNPARTITIONED) -> list[Partition]:
        """Return the versions of a partition that are known, the current one last.

        Files of earlier ones may be gone: retention removes them, and the last one that was removed is still known.
        """
        stored = read_json(self._folder(table.name, batch) / POINTER)
        if stored is None:
            return []
        return [self._partition(table, batch, each) for each in (*stored.get(EARLIER, ()), stored)]

    def partitions(self, table: Table) -> list[Partition]:
        """Return the current version of every batch of a table, ordered by batch name."""
        pointers = sorted((self.root / table.name).glob(f"batch=*/{POINTER}"))
        found = [self.current(table, unquote(pointer.parent.name.removeprefix("batch="))) for pointer in pointers]
        return [partition for partition in found if partition is not None]

    def withdraw(self, table: Table, batch: str) -> None:
        """Take a batch out of a table; readers that have its files open keep reading them."""
        pointer = self._folder(table.name, batch) / POINTER
        if pointer.exists():
            self.store.withdraw(pointer)

    def read(
        self, table: Table, batches: Iterable[str] | None = None, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Return rows of a table with a `batch` column added: of all batches and columns, or of those named."""
        wanted = None if batches is None else set(batches)
        names = list(table.schema) if columns is None else list(columns)
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

    def writing(
        self, table: Table, batches: Collection[str], waiting: Callable[[], object]
    ) -> AbstractContextManager[None]:
        """Hold some batches of a table while they are computed, so that two runs never compute the same ones.

        The locks end with the process, however it ends.

        Args:
            table: the table to be written.
            batches: its batches.
            waiting: called once, when another process holds one of them.
        """
        return self.store.hold_all(self.root / table.name, batches, waiting)

    def _partition(self, table: Table, batch: str, stored: dict[str, Any]) -> Partition:
        names = {"rows_file", "rejected_file", "row_keys_file"}
        files = {name: self._folder(table.name, batch) / stored[name] for name in names & stored.keys()}
        others = {name: value for name, value in stored.items() if name not in {*names, EARLIER}}
        return Partition(table=table.name, batch=batch, **files, **others)

    def _folder(self, table: str, batch: str) -> Path:
        if not BATCH_NAME.fullmatch(batch):
            raise ValueError(
                f"batch {batch!r}: a name of a batch begins with a letter or digit and has no other signs than . | / @ "
                "+ : _ -"
            )
        # As in a web address: `policy_rule|paper/humaneval` becomes `policy_rule%7Cpaper%2Fhumaneval`.
        folder = re.sub(r"[|/@+:]", lambda sign: quote(sign[0], safe=""), batch)
        return self.root / table / f"batch={folder}"


def earlier_versions(folder: Path) -> list[dict[str, Any]]:
    """Return what the pointer of a batch's next version says of those before it.

    Those whose files were removed are left out, but for the last of them: before it, it is not known what there was.
    """
    last = read_json(folder / POINTER)
    if last is None:
        return []
    known = [*last.pop(EARLIER, ()), last]
    kept = [(folder / each["rows_file"]).exists() for each in known]
    first_kept = kept.index(True) if any(kept) else len(known)
    return known[max(first_kept - 1, 0) :]

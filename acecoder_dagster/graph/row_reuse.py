"""Taking over rows from the version before: of a batch that changed, only the questions or programs that changed.

A unit (a question or a program) has a row key: the hash of all rows of the stage's inputs that belong to it, of the
stage's settings and of its code. Where it is the key that the version before was made with, the unit's rows stay.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.lake import Lake, text_id
from acecoder_dagster.data.lake.partitions import ROW_KEYS
from acecoder_dagster.data.tables import REJECTED_ROWS, Table

LINKS = ("question_id", "seed_id")
"""Columns by which rows of an input belong to a unit where the input does not name the unit itself."""


def read_batch(lake: Lake, table: Table, batch: str) -> pl.DataFrame:
    """Return the current rows of one batch (columns of the table), none when it was never written."""
    return lake.read(table, [batch]).drop("batch")


@dataclass(frozen=True)
class TakenOver:
    """Rows of a whole batch: those just made and those of the version before whose unit did not change."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    row_keys: pl.DataFrame
    reused: int


class RowReuse:
    """Which rows of a table's batches need not be computed again."""

    def __init__(
        self,
        lake: Lake,
        table: Table,
        unit: str,
        inputs: Mapping[Table, Collection[str]],
        base_key: Callable[[str], str],
        across_units: Callable[[str], pl.DataFrame] | None = None,
    ) -> None:
        """Prepare; nothing is read before a batch is asked for.

        Args:
            lake: the tables.
            table: what is computed.
            unit: `question_id` or `program_id`, a column of the table and the key of one of the inputs.
            inputs: tables that it is computed from, and the columns of each of them that do not count.
            base_key: for a batch, the hash of everything else that its rows depend on.
            across_units: for a batch, what its units' rows take from other units (columns unit, taken).
        """
        self._lake = lake
        self._table = table
        self._unit = unit
        self._inputs = inputs
        self._base_key = base_key
        self._across_units = across_units
        self._keys: dict[str, pl.DataFrame] = {}

    def changed(self, batch: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Return those of some rows whose unit has to be computed, in their order."""
        return rows.filter(~pl.col(self._unit).is_in(self._unchanged(batch)["unit"].implode()))

    def complete(self, batch: str, rows: pl.DataFrame, rejected: pl.DataFrame, try_again: pl.Series) -> TakenOver:
        """Return rows that were just made together with those of the version before that are still right.

        Args:
            batch: the batch.
            rows: made rows, columns of the table.
            rejected: made rejected rows, columns of REJECTED_ROWS.
            try_again: units whose rows are not final; they get no row key, so that the next refresh computes them.
        """
        keys = self.row_keys(batch)
        final = keys.filter(~pl.col("unit").is_in(try_again.implode()))
        before = self._lake.current(self._table, batch)
        if before is None:
            return TakenOver(rows, rejected, final, 0)
        made = pl.concat([rows[self._unit], rejected[self._column_in_rejected()].drop_nulls()])
        units = self._unchanged(batch).filter(~pl.col("unit").is_in(made.implode()))["unit"].implode()
        kept = read_batch(self._lake, self._table, batch).filter(pl.col(self._unit).is_in(units))
        kept_rejected = pl.read_parquet(before.rejected_file).filter(pl.col(self._column_in_rejected()).is_in(units))
        return TakenOver(
            self._ordered(pl.concat([kept, rows]), keys) if kept.height else rows,
            pl.concat([kept_rejected, rejected]),
            final,
            kept.height + kept_rejected.height,
        )

    def row_keys(self, batch: str) -> pl.DataFrame:
        """Return the row key of every unit of a batch (columns of ROW_KEYS) from the inputs as they are now."""
        if batch not in self._keys:
            taken = self._across_units(batch) if self._across_units else None
            self._keys[batch] = row_keys(
                self._unit,
                self._inputs,
                lambda table: read_batch(self._lake, table, batch),
                self._base_key(batch),
                taken,
            )
        return self._keys[batch]

    def _unchanged(self, batch: str) -> pl.DataFrame:
        before = self._lake.current(self._table, batch)
        known = ROW_KEYS.to_frame() if before is None else before.row_keys()
        return self.row_keys(batch).join(known, on=["unit", "row_key"], how="semi")

    def _column_in_rejected(self) -> str:
        return self._unit if self._unit in REJECTED_ROWS.schema else "row_id"

    def _ordered(self, rows: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
        """Return the rows in the order of their units in the inputs, as if all were computed at once."""
        places = keys.select("unit").with_row_index("_place")
        placed = rows.join(places, left_on=self._unit, right_on="unit", how="left", maintain_order="left")
        return placed.sort("_place", maintain_order=True).drop("_place")


def row_keys(
    unit: str,
    inputs: Mapping[Table, Collection[str]],
    read: Callable[[Table], pl.DataFrame],
    base_key: str,
    taken: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Return the row key of every unit (columns of ROW_KEYS), in the order of the input that has the unit as its key.

    Args:
        unit: column that names the units.
        inputs: tables that the rows depend on, and the columns of each that do not count; one has the unit as its key.
        read: returns the rows of an input.
        base_key: hash of everything else.
        taken: what units take from each other (columns unit, taken).
    """
    owner = next(table for table in inputs if table.key == unit)
    links = [link for link in LINKS if link in owner.schema and link != unit]
    keyed = read(owner).select(unit, *links)
    for table, ignored in inputs.items():
        link = next(link for link in (unit, *links) if link in table.schema)
        rows = read(table).sort(table.key)
        counted = [name for name in table.schema.names() if name not in ignored]
        as_text = pl.struct(counted).struct.json_encode().str.join("\n")
        digests = rows.group_by(link).agg(as_text.alias(table.name))
        digests = digests.with_columns(pl.Series(table.name, map(text_id, digests[table.name]), dtype=pl.String))
        keyed = keyed.join(digests, on=link, how="left", maintain_order="left")
    names = [table.name for table in inputs]
    if taken is not None:
        keyed = keyed.join(taken, left_on=unit, right_on="unit", how="left", maintain_order="left")
        names.append("taken")
    texts = keyed.select(pl.col(names).fill_null("")).iter_rows()
    hashed = pl.Series("row_key", [text_id(base_key, *row) for row in texts], dtype=pl.String)
    return keyed.select(unit=pl.col(unit), row_key=hashed)

"""A part of a file: some of its rows, as they were read."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from acecoder_dagster.files.columns import FileColumn, columns_from_frame, columns_from_records
from acecoder_dagster.files.problems import Problems


@dataclass(frozen=True)
class Part:
    """Consecutive rows of a file: a table (Parquet, hub), or JSON objects with the numbers of their rows.

    Attributes:
        content: the rows.
        rows_before: rows of the file before a table.
    """

    content: "pl.DataFrame | tuple[list[dict[str, Any]], list[int]]"
    rows_before: int = 0

    @property
    def column_names(self) -> set[str]:
        """Columns of the table, or keys that any of the objects has."""
        if isinstance(self.content, pl.DataFrame):
            return set(self.content.columns)
        return {key for record in self.content[0] for key in record}

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.content.height if isinstance(self.content, pl.DataFrame) else len(self.content[0])

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield every row with its number, as it was read."""
        if isinstance(self.content, pl.DataFrame):
            yield from enumerate(self.content.iter_rows(named=True), start=self.rows_before + 1)
        else:
            yield from zip(self.content[1], self.content[0], strict=True)

    def typed(self, file: str, columns: tuple[FileColumn, ...], problems: Problems) -> pl.DataFrame:
        """Return these columns with their types and defaults. What does not fit is added to the problems."""
        if isinstance(self.content, pl.DataFrame):
            return columns_from_frame(self.content, columns, file, problems, self.rows_before)
        records, rows = self.content
        return columns_from_records(records, rows, columns, file, problems)

"""What the warehouse says about itself: its tables and columns with their comments."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import duckdb

from acecoder_dagster.paths import project_folder


@dataclass(frozen=True)
class ColumnDescription:
    """A column of the warehouse: its DuckDB type and what it means."""

    name: str
    type: str
    comment: str | None


@dataclass(frozen=True)
class TableDescription:
    """A table or view of the warehouse: schema `main` is for people, `lake` shows the files of the stages."""

    schema: str
    name: str
    kind: str
    comment: str | None
    columns: tuple[ColumnDescription, ...]

    @property
    def full_name(self) -> str:
        """Name to use in SQL."""
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"


def read_catalogue(connection: duckdb.DuckDBPyConnection) -> list[TableDescription]:
    """Return the tables and views of the current database, those of schema `main` first, in the order of names."""
    sql = (project_folder("sql") / "catalogue.sql").read_text(encoding="utf-8")
    rows = connection.execute(sql).fetchall()
    return [
        TableDescription(schema, name, kind, comment, tuple(ColumnDescription(*row[4:]) for row in columns))
        for (schema, name, kind, comment), columns in groupby(rows, key=itemgetter(0, 1, 2, 3))
    ]

"""What a table is: its name, its columns with their types and meanings, and how rows are checked against it."""

from dataclasses import dataclass

import polars as pl

from acecoder_dagster import AceCoderError


class TableError(AceCoderError, ValueError):
    """Rows do not have the columns and types of their table."""


@dataclass(frozen=True)
class Column:
    """One column: name, Polars type, meaning, and whether it may be null.

    `default` is the value of rows that do not say, such as those of files from before there was the column. `late` says
    that there are such files and the value is null.
    """

    name: str
    dtype: pl.DataType | type[pl.DataType]
    description: str
    nullable: bool = False
    default: str | None = None
    late: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its name is also the name of the asset and of the folder that hold it."""

    name: str
    description: str
    key: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pl.Schema:
        """Polars schema of the table, in column order."""
        return pl.Schema({column.name: column.dtype for column in self.columns})

    @property
    def later_columns(self) -> tuple[Column, ...]:
        """Columns that older files may lack."""
        return tuple(column for column in self.columns if column.late or column.default is not None)

    def empty(self) -> pl.DataFrame:
        """Return the table without rows."""
        return pl.DataFrame(schema=self.schema)

    def with_defaults(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with the defaults of the columns that have one, where rows do not say."""
        defaults = {column.name: pl.lit(column.default, dtype=column.dtype) for column in self.later_columns}
        return rows.with_columns(
            pl.col(name).fill_null(default) if name in rows.columns else default.alias(name)
            for name, default in defaults.items()
        )

    def conform(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the rows with the table's columns in the table's order, with defaults where rows do not say.

        Raises:
            TableError: when a column without a default is missing, unknown, of another type, null where it may not be,
                or when the key is not unique.
        """
        rows = self.with_defaults(rows)
        missing = [name for name in self.schema if name not in rows.columns]
        unknown = [name for name in rows.columns if name not in self.schema]
        if missing or unknown:
            raise TableError(f"table {self.name}: missing columns {missing}, unknown columns {unknown}")
        rows = rows.select(list(self.schema))
        try:
            rows = rows.cast(self.schema)
        except pl.exceptions.PolarsError as error:
            raise TableError(f"table {self.name}: {error}") from error
        for column in self.columns:
            nulls = rows[column.name].null_count()
            if nulls and not column.nullable:
                raise TableError(f"table {self.name}: column {column.name} is null in {nulls} rows")
        if self.key and rows[self.key].n_unique() != rows.height:
            twice = rows.filter(pl.col(self.key).is_duplicated())[self.key][0]
            raise TableError(f"table {self.name}: {self.key} {twice!r} occurs more than once")
        return rows


TEXT = pl.String()
WHOLE = pl.Int64()
REAL = pl.Float64()
FLAG = pl.Boolean()

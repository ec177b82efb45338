"""The warehouse opened for reading. A reader sees one state, even when the warehouse is rebuilt meanwhile."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import duckdb
import polars as pl

from acecoder_dagster.data.warehouse.catalogue import TableDescription, read_catalogue
from acecoder_dagster.data.warehouse.errors import WarehouseError
from acecoder_dagster.data.warehouse.statements import FileFormat, copy_relation, hide_progress, set_variable
from acecoder_dagster.files import replace_file

NO_VALUES: Mapping[str, str] = MappingProxyType({})


class WarehouseReader:
    """Runs SQL on an open warehouse. What is set for one statement stays set for the next."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Mapping[str, str] = NO_VALUES) -> pl.DataFrame:
        """Return the rows of a statement, which reads the values as `getvariable('name')`.

        Raises:
            WarehouseError: DuckDB refuses the SQL, or it has no rows to return.
        """
        with _users_errors():
            rows: pl.DataFrame = self._relation(sql, values).pl()
        return rows

    def write(self, sql: str, target: Path, file_format: FileFormat, values: Mapping[str, str] = NO_VALUES) -> None:
        """Write the rows of a statement to a file, new or in the place of an old one, without holding them in memory.

        Raises:
            WarehouseError: as `rows`, or the file cannot be written.
        """
        if not target.parent.is_dir():
            raise WarehouseError(f"{target}: there is no folder {target.parent}")
        with _users_errors():
            relation = self._relation(sql, values)
            replace_file(target, lambda path: copy_relation(relation, path, file_format))

    def register(self, name: str, rows: pl.DataFrame) -> None:
        """Let SQL on this reader read rows as a table of that name."""
        self._connection.register(name, rows.to_arrow())

    def tables(self) -> list[TableDescription]:
        """Return every table and view with its columns and comments, those meant for people first."""
        return read_catalogue(self._connection)

    def _relation(self, sql: str, values: Mapping[str, str]) -> duckdb.DuckDBPyRelation:
        for name, value in values.items():
            set_variable(self._connection, name, value)
        relation: duckdb.DuckDBPyRelation | None = self._connection.sql(sql)
        if relation is None:
            raise WarehouseError("the SQL returns no rows: give a SELECT")
        return relation


@contextmanager
def open_warehouse(warehouse: Path) -> Iterator[WarehouseReader]:
    """Open the warehouse for reading.

    Raises:
        WarehouseError: there is none yet, or the file is no DuckDB database.
    """
    if not warehouse.is_file():
        raise WarehouseError(f"there is no warehouse at {warehouse}: materialize the asset `warehouse` first")
    try:
        connection = duckdb.connect(str(warehouse), read_only=True)
    except duckdb.Error as error:
        raise WarehouseError(f"{warehouse} cannot be opened: {error}") from error
    with connection:
        hide_progress(connection)
        yield WarehouseReader(connection)


@contextmanager
def _users_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise WarehouseError(f"the SQL failed: {error}") from error

"""The warehouse opened for reading. A reader sees one state, even when the warehouse is rebuilt meanwhile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import duckdb
import polars as pl

from acecoder_dagster.data.warehouse.catalogue import TableDescription, read_catalogue
from acecoder_dagster.data.warehouse.errors import WarehouseError
from acecoder_dagster.data.warehouse.statements import (
    FileFormat,
    attach,
    copy_relation,
    lake_files,
    lock,
    set_variable,
)

NO_VALUES: Mapping[str, str] = MappingProxyType({})

READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN, duckdb.StatementType.MULTI)
"""Kinds of statements that only read. SHOW, DESCRIBE and FROM are SELECT for DuckDB; a PIVOT is MULTI."""


class WarehouseReader:
    """Runs SQL on an open warehouse. What is set for one statement stays set for the next."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Mapping[str, str | Sequence[str]] = NO_VALUES) -> pl.DataFrame:
        """Return the rows of a statement, which reads the values as `getvariable('name')`.

        Raises:
            WarehouseError: DuckDB refuses the SQL, or it has no rows to return.
        """
        with _users_errors():
            rows: pl.DataFrame = self._relation(sql, values).pl()
        return rows

    def write(self, sql: str, target: Path, file_format: FileFormat, values: Mapping[str, str] = NO_VALUES) -> None:
        """Write the rows of a statement to a file that the reader may reach, without holding them in memory.

        Raises:
            WarehouseError: as `rows`, or the file cannot be written.
        """
        with _users_errors():
            copy_relation(self._relation(sql, values), target, file_format)

    def register(self, name: str, rows: pl.DataFrame) -> None:
        """Let SQL on this reader read rows as a table of that name."""
        self._connection.register(name, rows.to_arrow())

    def tables(self) -> list[TableDescription]:
        """Return every table and view with its columns and comments, those meant for people first."""
        return read_catalogue(self._connection)

    def _relation(self, sql: str, values: Mapping[str, str | Sequence[str]]) -> duckdb.DuckDBPyRelation:
        for name, value in values.items():
            set_variable(self._connection, name, value)
        statements = self._connection.extract_statements(sql)
        if len(statements) != 1:
            raise WarehouseError(f"the SQL has {len(statements)} statements: give one SELECT")
        if statements[0].type not in READING:
            raise WarehouseError(
                f"the SQL is a {statements[0].type.name}, and a query only reads: give a SELECT; --out writes its rows"
            )
        return self._connection.sql(statements[0])


@contextmanager
def open_warehouse(
    warehouse: Path, files: Iterable[Path] = (), folders: Iterable[Path] = ()
) -> Iterator[WarehouseReader]:
    """Open the warehouse for reading. SQL reaches the warehouse and the lake's files that it shows, and nothing else.

    Args:
        warehouse: the DuckDB file.
        files: further files that SQL may read and write.
        folders: folders in which it may read and write all files.

    Raises:
        WarehouseError: there is none yet, or the file is no DuckDB database.
    """
    require_warehouse(warehouse)
    # A database of its own in memory: what is set for one in a file is set for all that have it open in this process.
    with duckdb.connect(":memory:") as connection:
        try:
            attach(connection, warehouse)
            lock(connection, [*lake_files(connection, warehouse), *map(_resolved, files)], [*map(_resolved, folders)])
        except duckdb.Error as error:
            raise WarehouseError(f"{warehouse} cannot be opened: {error}") from error
        yield WarehouseReader(connection)


def require_warehouse(warehouse: Path) -> None:
    """Raise a WarehouseError, which says what to do, where there is no warehouse yet."""
    if not warehouse.is_file():
        raise WarehouseError(f"there is no warehouse at {warehouse}: materialize the asset `warehouse` first")


def _resolved(path: Path) -> str:
    return str(path.resolve())


@contextmanager
def _users_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.PermissionException as error:
        what = "a query reads what the warehouse shows, no other file and no network"
        raise WarehouseError(f"{what}: {error}") from error
    except duckdb.Error as error:
        raise WarehouseError(f"the SQL failed: {error}") from error

"""Asking the warehouse: queries that `sql/queries` names, any other SQL, and what the tables mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from acecoder_dagster.paths import project_folder
from acecoder_dagster.warehouse.catalogue import TableDescription, read_catalogue
from acecoder_dagster.warehouse.errors import WarehouseError


@dataclass(frozen=True)
class NamedQuery:
    """A file of `sql/queries`; its description is its first line."""

    description: str
    sql: str
    path: Path


def named_queries() -> dict[str, NamedQuery]:
    """Return the queries that come with the project, by name, in the order of names."""
    queries = {}
    for path in sorted((project_folder("sql") / "queries").glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        queries[path.stem] = NamedQuery(sql.split("\n", 1)[0].removeprefix("--").strip(), sql, path)
    return queries


def run_query(warehouse: Path, name_or_sql: str) -> pl.DataFrame:
    """Return the result of a named query, or of any SQL, on the warehouse opened for reading only.

    Raises:
        WarehouseError: when there is no warehouse yet, no query of that name, or DuckDB refuses the SQL.
    """
    sql = _sql(name_or_sql)
    with _reading(warehouse) as connection:
        try:
            relation = connection.sql(sql)
            rows: pl.DataFrame | None = None if relation is None else relation.pl()
        except duckdb.Error as error:
            raise WarehouseError(f"the SQL failed: {error}") from error
    if rows is None:
        raise WarehouseError("the SQL returns no rows: give a SELECT")
    return rows


def describe(warehouse: Path) -> list[TableDescription]:
    """Return every table and view with its columns and comments, those meant for people first.

    Raises:
        WarehouseError: when there is no warehouse yet.
    """
    with _reading(warehouse) as connection:
        return read_catalogue(connection)


def _sql(name_or_sql: str) -> str:
    """Return the SQL of a named query, or the text itself where it is SQL: a statement has more than one word."""
    name = name_or_sql.strip()
    if len(name.split()) > 1:
        return name_or_sql
    queries = named_queries()
    if name not in queries:
        raise WarehouseError(f"no query is called {name!r}; there are: {', '.join(queries)}")
    return queries[name].sql


@contextmanager
def _reading(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    if not warehouse.is_file():
        raise WarehouseError(f"there is no warehouse at {warehouse}: materialize the asset `warehouse` first")
    try:
        connection = duckdb.connect(str(warehouse), read_only=True)
    except duckdb.Error as error:
        raise WarehouseError(f"{warehouse} cannot be opened: {error}") from error
    with connection:
        yield connection

"""A warehouse in one file of its own: what lies in the lake's files is copied into it."""

import shutil
from functools import partial
from pathlib import Path

import duckdb

from acecoder_dagster.data.warehouse.build import MEMORY_LIMIT, STORAGE_VERSION
from acecoder_dagster.data.warehouse.catalogue import read_catalogue
from acecoder_dagster.data.warehouse.errors import WarehouseError
from acecoder_dagster.data.warehouse.reading import open_warehouse, require_warehouse
from acecoder_dagster.data.warehouse.statements import (
    LAKE_SCHEMA,
    attach,
    comment_column,
    comment_table,
    hide_progress,
    quoted,
)
from acecoder_dagster.files import replace_file


def export_warehouse(warehouse: Path, target: Path) -> int:
    """Write one DuckDB file that needs no other, with all tables, views, macros and comments; return its bytes.

    Views of the lake become tables. An export that was there is replaced when the new one is whole.

    Args:
        warehouse: the DuckDB file of the project folder; it may be refreshed meanwhile.
        target: file to write.

    Raises:
        WarehouseError: there is no warehouse, it cannot be read, or what stands at the target is no warehouse.
    """
    if target.exists():
        _refuse_what_is_no_export(warehouse, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        replace_file(target, partial(_copy, warehouse))
    except duckdb.Error as error:
        raise WarehouseError(f"{warehouse} cannot be written to {target}: {error}") from error
    return target.stat().st_size


def _refuse_what_is_no_export(warehouse: Path, target: Path) -> None:
    if target.resolve() == warehouse.resolve():
        raise WarehouseError(f"{target} is the warehouse itself: name another file")
    try:
        with open_warehouse(target) as reader:
            known = any(table.schema == LAKE_SCHEMA for table in reader.tables())
    except WarehouseError:
        known = False
    if not known:
        raise WarehouseError(f"{target} is there already and is no warehouse: name another file, or delete it first")


def _copy(warehouse: Path, writing: Path) -> None:
    require_warehouse(warehouse)
    spill = writing.with_name(f"{writing.name}.spill")
    try:
        with duckdb.connect(":memory:", config={"memory_limit": MEMORY_LIMIT}) as connection:
            hide_progress(connection)
            attach(connection, warehouse)
            connection.execute(f"SET temp_directory = {quoted(str(spill))}")
            connection.execute(f"ATTACH {quoted(str(writing))} AS exported (STORAGE_VERSION '{STORAGE_VERSION}')")
            connection.execute("COPY FROM DATABASE acecoder TO exported")
            _store_views_of_the_lake(connection)
            connection.execute("USE memory")
            connection.execute("DETACH exported")
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _store_views_of_the_lake(connection: duckdb.DuckDBPyConnection) -> None:
    """Put a table of the same name, rows and comments in the place of each view that reads files."""
    connection.execute("USE exported")
    for table in read_catalogue(connection):
        if table.schema == LAKE_SCHEMA:
            connection.execute(f"DROP VIEW {table.full_name}")
            connection.execute(f"CREATE TABLE {table.full_name} AS FROM acecoder.{table.full_name}")
            comment_table(connection, table.full_name, "TABLE", table.comment or "")
            for column in table.columns:
                comment_column(connection, table.full_name, column.name, column.comment or "")

"""The only SQL that is written in Python, because it depends on what the files in `sql/` cannot know.

Views over the lake's files and comments taken from the data model follow from `data/tables` and from which files are
current; what is set for a query and where its rows go follows from what the user asks.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import duckdb
import polars as pl

from acecoder_dagster.data.counting import UnsealedPasses
from acecoder_dagster.data.lake import Artifact, Lake, Partition
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.tables import ALL_TABLES, REJECTED_ROWS, Table
from acecoder_dagster.paths import project_folder

LAKE_SCHEMA = "lake"
"""Schema of the warehouse that shows the lake's tables as they are."""

FOLDER_VARIABLE = "warehouse_folder"
"""What a client sets to the folder of the warehouse, with a slash at its end, to see the lake from any other folder."""

FileFormat = Literal["csv", "json", "parquet"]

COPY_OPTIONS: dict[FileFormat, str] = {
    "csv": "FORMAT csv, HEADER",
    "json": "FORMAT json, ARRAY",
    # A row of the published data set holds all programs of a question: DuckDB's usual 122,880 would fill the memory.
    "parquet": "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 8192",
}
"""File formats that rows can be written in, and what DuckDB's COPY calls them."""

BATCH_DESCRIPTION = "Seed batch, or a model and a benchmark; `all` where the table has neither"


def create_lake_views(connection: duckdb.DuckDBPyConnection, lake: Lake, folder: Path) -> None:
    """Create `lake.<table>` for every table and `lake.rejected_rows` over the files that are current now.

    Each view lists its files, so that no reader sees an unfinished file or two versions of one partition. It names them
    from the warehouse's own folder on: wherever that is copied or moved, its warehouse shows its own files. A table
    without a partition becomes an empty view with the right types. What the stages reported is registered as
    `current_partitions`: the files in `sql/models` read it, and it is not stored.

    Args:
        connection: where the views are made.
        lake: the tables.
        folder: where the warehouse will lie.
    """
    look_for_files_in(connection, folder)
    partitions = [partition for table in ALL_TABLES for partition in lake.partitions(table)]
    connection.execute(f"CREATE SCHEMA {LAKE_SCHEMA}")
    for table in ALL_TABLES:
        of_table = (partition.rows_file for partition in partitions if partition.table == table.name)
        _create_view(connection, table, of_table, folder)
    _create_view(connection, REJECTED_ROWS, (part.rejected_file for part in partitions if part.rejected), folder)
    _register_partitions(connection, partitions)


def register_artifacts(connection: duckdb.DuckDBPyConnection, artifacts: Sequence[Artifact]) -> None:
    """Register what the trainings reported as `current_artifacts`, which `sql/models` reads."""
    rows = [
        {
            "model": artifact.name,
            "content_key": artifact.content_key,
            "figures": json.dumps(artifact.figures),
            "settings": json.dumps(artifact.settings, sort_keys=True),
            "finished_at": artifact.finished_at or None,
        }
        for artifact in artifacts
    ]
    names = ("model", "content_key", "figures", "settings", "finished_at")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
    connection.register("current_artifacts", frame.to_arrow())


def register_reasons(connection: duckdb.DuckDBPyConnection) -> None:
    """Register the reasons of rejection as `known_reasons`, which `sql/models` reads."""
    rows = [(str(reason), reason.meaning) for reason in Reason]
    frame = pl.DataFrame(rows, schema={"reason": pl.String, "meaning": pl.String}, orient="row")
    connection.register("known_reasons", frame.to_arrow())


def register_counting(connection: duckdb.DuckDBPyConnection, unsealed_passes: UnsealedPasses) -> None:
    """Register which passes count as `current_counting`, which `sql/models` reads."""
    connection.register("current_counting", pl.DataFrame({"unsealed_passes": [unsealed_passes]}).to_arrow())


def register_settings(connection: duckdb.DuckDBPyConnection, settings: Mapping[str, str]) -> None:
    """Register settings as `current_settings`, which `sql/history` reads."""
    frame = pl.DataFrame(list(settings.items()), schema={"setting": pl.String, "value": pl.String}, orient="row")
    connection.register("current_settings", frame.to_arrow())


def comment_lake_views(connection: duckdb.DuckDBPyConnection) -> None:
    """Comment the views of the lake with the descriptions of the data model."""
    for table in (*ALL_TABLES, REJECTED_ROWS):
        comment_table(connection, f"{LAKE_SCHEMA}.{table.name}", "VIEW", table.description)
        for name, description in described_columns([table]).items():
            comment_column(connection, f"{LAKE_SCHEMA}.{table.name}", name, description)


def described_columns(tables: Sequence[Table]) -> dict[str, str]:
    """Return the descriptions of the columns of some tables; of two columns of one name, the first table's."""
    described = {"batch": BATCH_DESCRIPTION}
    for table in reversed(tables):
        described.update({column.name: column.description for column in table.columns})
    return described


def comment_table(connection: duckdb.DuckDBPyConnection, table: str, kind: str, comment: str) -> None:
    """Comment a TABLE or VIEW."""
    connection.execute(f"COMMENT ON {kind} {table} IS {quoted(comment)}")


def comment_column(connection: duckdb.DuckDBPyConnection, table: str, column: str, comment: str) -> None:
    """Comment a column of a table or view."""
    connection.execute(f'COMMENT ON COLUMN {table}."{column}" IS {quoted(comment)}')


def hide_progress(connection: duckdb.DuckDBPyConnection) -> None:
    """Keep DuckDB from drawing a progress bar, which would get between the rows that are piped on."""
    connection.execute("SET enable_progress_bar = false")


def attach(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Make the tables of a warehouse those that SQL on this connection means, for reading only."""
    connection.execute(f"ATTACH {quoted(str(warehouse))} AS acecoder (READ_ONLY)")
    connection.execute("USE acecoder")
    look_for_files_in(connection, warehouse.parent)
    connection.execute(f"SET temp_directory = {quoted(f'{warehouse}.tmp')}")


def look_for_files_in(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make the folder of a warehouse the one from which its views name their files."""
    set_variable(connection, FOLDER_VARIABLE, f"{folder.resolve()}/")


def lake_files(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> list[str]:
    """Return the files that the views of the lake read."""
    folder = warehouse.parent.resolve()
    return [os.path.normpath(folder / file) for (file,) in connection.execute(_sql("lake_files")).fetchall()]


def lock(connection: duckdb.DuckDBPyConnection, files: Sequence[str], folders: Sequence[str]) -> None:
    """Keep all later SQL on this connection to what is attached, and to some files and folders."""
    set_variable(connection, "allowed_paths", files)
    set_variable(connection, "allowed_directories", folders)
    connection.execute(_sql("lock"))


def set_variable(connection: duckdb.DuckDBPyConnection, name: str, value: str | Sequence[str]) -> None:
    """Set what SQL on this connection reads as `getvariable('name')`."""
    connection.execute(f"SET VARIABLE {name} = ?", [value])


def copy_relation(relation: duckdb.DuckDBPyRelation, target: Path, file_format: FileFormat) -> None:
    """Write rows to a file without holding them all in memory."""
    # Not by way of DuckDB's own temporary file, which SQL may not reach: whoever calls has one.
    options = f"{COPY_OPTIONS[file_format]}, USE_TMP_FILE false"
    relation.query("relation", f"COPY relation TO {quoted(str(target.resolve()))} ({options})")


def quoted(text: str) -> str:
    """Return the text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _sql(name: str) -> str:
    return (project_folder("sql") / f"{name}.sql").read_text(encoding="utf-8")


def _create_view(connection: duckdb.DuckDBPyConnection, table: Table, files: Iterable[Path], folder: Path) -> None:
    # `concat` leaves out a folder that is not set: then a client looks from its own folder on.
    paths = ", ".join(
        f"concat(getvariable('{FOLDER_VARIABLE}'), {quoted(os.path.relpath(path.resolve(), folder.resolve()))})"
        for path in files
    )
    empty = table.empty().with_columns(batch=pl.lit("", dtype=pl.String))
    types = connection.from_arrow(empty.to_arrow()).types
    nulls = ", ".join(f'NULL::{dtype} AS "{name}"' for name, dtype in zip(empty.columns, types, strict=True))
    body = f"SELECT {nulls} WHERE false"
    if paths:
        defaults = {column.name: column.default for column in table.columns if column.default is not None}
        columns = ", ".join(
            f'coalesce("{name}", {quoted(defaults[name])}) AS "{name}"' if name in defaults else f'"{name}"'
            for name in empty.columns
        )
        # Types given: a batch called 2026-11-21 stays text. By name: older files may lack a column.
        later = bool(table.later_columns)
        options = f"hive_partitioning = true, hive_types = {{'batch': VARCHAR}}, union_by_name = {later}"
        files_rows = f"SELECT * FROM read_parquet([{paths}], {options})"  # noqa: S608 - the paths are quoted
        source = f"{files_rows} UNION ALL BY NAME {body}" if later else files_rows
        body = f"SELECT {columns} FROM ({source})"  # noqa: S608 - the names are ours
    connection.execute(f"CREATE VIEW {LAKE_SCHEMA}.{table.name} AS {body}")


def _register_partitions(connection: duckdb.DuckDBPyConnection, partitions: list[Partition]) -> None:
    stage_numbers = {table.name: number for number, table in enumerate(ALL_TABLES)}
    rows = [
        {
            "stage": partition.table,
            "stage_number": stage_numbers[partition.table],
            "batch": partition.batch,
            "rows_kept": partition.rows,
            "rows_rejected": partition.rejected,
            "written_at": partition.written_at,
            "content_key": partition.content_key,
            "figures": json.dumps(partition.figures),
        }
        for partition in partitions
    ]
    counts = {"stage_number", "rows_kept", "rows_rejected"}
    names = ("stage", "stage_number", "batch", "rows_kept", "rows_rejected", "written_at", "content_key", "figures")
    frame = pl.DataFrame(rows, schema={name: pl.Int64 if name in counts else pl.String for name in names})
    connection.register("current_partitions", frame.to_arrow())

"""Builds the warehouse under another name and then puts it in the place of the old one."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from acecoder_dagster.data.counting import REFUSE, UnsealedPasses
from acecoder_dagster.data.lake import Artifact, ArtifactStore, Lake, PastLake
from acecoder_dagster.data.tables import ALL_TABLES, REJECTED_ROWS, Table
from acecoder_dagster.data.warehouse.catalogue import TableDescription, read_catalogue
from acecoder_dagster.data.warehouse.errors import WarehouseError
from acecoder_dagster.data.warehouse.history import FOLDER, record_history, show_history
from acecoder_dagster.data.warehouse.statements import (
    comment_column,
    comment_lake_views,
    comment_table,
    create_lake_views,
    described_columns,
    hide_progress,
    quoted,
    register_artifacts,
    register_counting,
    register_reasons,
    register_settings,
)
from acecoder_dagster.paths import project_folder

STORAGE_VERSION = "v1.4.0"
"""The oldest DuckDB that can open the file. By default DuckDB 2.0 writes files that older versions cannot open."""

HISTORY_MODEL = "160_history"
"""The model that shows the history: what it shows is recorded from what the models before it made."""

DESCRIBED_BY = "-- described by:"
"""First line of a model: the tables of the data model whose descriptions its uncommented columns take."""

MEMORY_LIMIT = "2GB"
"""More than the build needs at the paper's scale; beyond it DuckDB spills to disk beside the warehouse."""


DATA_MODEL = {table.name: table for table in (*ALL_TABLES, REJECTED_ROWS)}


@dataclass(frozen=True)
class WarehouseFigures:
    """What a build made: seconds taken, bytes of the file, and rows per table stored in it (views not counted)."""

    path: Path
    seconds: float
    bytes: int
    rows: dict[str, int]


def build_warehouse(
    lake: Lake,
    target: Path,
    models: ArtifactStore | None = None,
    unsealed_passes: UnsealedPasses = REFUSE,
    settings: Mapping[str, str] | None = None,
) -> WarehouseFigures:
    """Build the DuckDB file from the current tables of the lake and rename it over `target`.

    With the store of trained models, the table `trainings` says what they reported; without, it is empty. Pass rates
    are of the passes that count by `unsealed_passes`. What differs from the warehouse before is added to the history
    beside it, together with settings that differ.

    Readers never wait: those that have the old file open keep reading it. Builders wait for each other, and each reads
    the lake only when its turn comes, so that the last one sees the newest tables. A builder that is killed leaves the
    old file.

    Raises:
        WarehouseError: when a file of the lake cannot be read, or one in `sql/models` fails or leaves a table or column
            without a comment. The old file stays.
    """
    started = time.monotonic()
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f"{target.name}.building")
    history = target.parent / FOLDER
    with lake.store.hold(target, _wait_in_silence):
        lake.store.fetch(history)
        # What a killed builder left: only the one whose turn it is may remove it.
        building.unlink(missing_ok=True)
        building.with_name(f"{building.name}.wal").unlink(missing_ok=True)
        shutil.rmtree(_spill_folder(building), ignore_errors=True)
        try:
            shown = _Shown(
                lake,
                models.all_current() if models else [],
                unsealed_passes,
                settings or {},
                lambda connection: record_history(connection, history, datetime.now(UTC)),
            )
            rows = _build(shown, target.parent, building)
        except duckdb.Error as error:
            raise WarehouseError(f"{target} cannot be built from the tables in {lake.root}: {error}") from error
        with building.open("rb") as written:
            os.fsync(written.fileno())
        lake.store.save(history, history.glob("*.parquet"))
        building.replace(target)
        return WarehouseFigures(target, time.monotonic() - started, target.stat().st_size, rows)


def build_past_warehouse(
    lake: Lake,
    warehouse: Path,
    moment: datetime,
    target: Path,
    models: ArtifactStore | None = None,
    unsealed_passes: UnsealedPasses = REFUSE,
) -> None:
    """Build a warehouse of the tables as they were at a moment; nothing is recorded.

    Args:
        lake: the tables.
        warehouse: the present one, beside which the history lies.
        moment: in UTC.
        target: DuckDB file to make.
        models: the store of trained models; of those that are current, the ones that were there are shown.
        unsealed_passes: which passes count.

    Raises:
        NotKeptError: a version of that moment is no longer kept.
        WarehouseError: as `build_warehouse`.
    """
    there = [each for each in (models.all_current() if models else []) if _was_finished(each, moment)]
    shown = _Shown(
        PastLake(lake, moment),
        there,
        unsealed_passes,
        {},
        lambda connection: show_history(connection, warehouse.parent / FOLDER, moment),
    )
    try:
        _build(shown, target.parent, target)
    except duckdb.Error as error:
        raise WarehouseError(f"the warehouse of {moment} cannot be built from {lake.root}: {error}") from error


def _was_finished(model: Artifact, moment: datetime) -> bool:
    return bool(model.finished_at) and datetime.fromisoformat(model.finished_at) <= moment


def _wait_in_silence() -> None:
    """Say nothing: another builder is done in seconds."""


def models_version() -> str:
    """Return a hash of the files in `sql/models`: when it changes, the warehouse must be built again."""
    digest = hashlib.sha256()
    for path in model_files():
        digest.update(f"{path.name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def model_files() -> list[Path]:
    """Return the files in `sql/models`, in the order in which they run."""
    return sorted((project_folder("sql") / "models").glob("*.sql"))


def _spill_folder(building: Path) -> Path:
    return building.with_name(f"{building.name}.spill")


@dataclass(frozen=True)
class _Shown:
    """What a warehouse shows; `register_history` registers what `sql/models` reads of the history."""

    lake: Lake
    models: Sequence[Artifact]
    unsealed_passes: UnsealedPasses
    settings: Mapping[str, str]
    register_history: Callable[[duckdb.DuckDBPyConnection], None]


def _build(shown: _Shown, folder: Path, building: Path) -> dict[str, int]:
    """Build a file that will lie in a folder; return the rows of its tables."""
    options: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "preserve_insertion_order": False,
        "temp_directory": str(_spill_folder(building)),
    }
    with duckdb.connect(":memory:", config=options) as connection:
        hide_progress(connection)
        connection.execute(f"ATTACH {quoted(str(building))} AS warehouse (STORAGE_VERSION '{STORAGE_VERSION}')")
        connection.execute("USE warehouse")
        # One transaction: some 300 comments, each committed to disk by itself, took as long as all the rest.
        connection.begin()
        create_lake_views(connection, shown.lake, folder)
        register_artifacts(connection, shown.models)
        register_reasons(connection)
        register_counting(connection, shown.unsealed_passes)
        register_settings(connection, shown.settings)
        comment_lake_views(connection)
        known = {table.full_name for table in read_catalogue(connection)}
        for path in model_files():
            if path.stem == HISTORY_MODEL:
                shown.register_history(connection)
            known |= _run_model(connection, path, known)
        connection.commit()
        connection.execute("CHECKPOINT warehouse")
        stored = [
            table.name for table in read_catalogue(connection) if table.schema == "main" and table.kind == "TABLE"
        ]
        rows = {name: len(connection.table(name)) for name in stored}
        connection.execute("USE memory")
        connection.execute("DETACH warehouse")
    return rows


def _run_model(connection: duckdb.DuckDBPyConnection, path: Path, known: set[str]) -> set[str]:
    """Run one file of `sql/models`, comment what it made where the file does not, and return the names of that."""
    text = path.read_text(encoding="utf-8")
    try:
        connection.execute(text)
    except duckdb.Error as error:
        raise WarehouseError(f"{path}: {error}") from error
    descriptions = described_columns(_describing_tables(path, text))
    made = [table for table in read_catalogue(connection) if table.full_name not in known]
    for table in made:
        _comment(connection, table, descriptions, path)
    return {table.full_name for table in made}


def _describing_tables(path: Path, text: str) -> list[Table]:
    first_line = text.split("\n", 1)[0]
    if not first_line.startswith(DESCRIBED_BY):
        return []
    names = [name.strip() for name in first_line.removeprefix(DESCRIBED_BY).split(",")]
    unknown = [name for name in names if name not in DATA_MODEL]
    if unknown:
        raise WarehouseError(f"{path}: no table of the data model is called {', '.join(unknown)}")
    return [DATA_MODEL[name] for name in names]


def _comment(
    connection: duckdb.DuckDBPyConnection, table: TableDescription, descriptions: dict[str, str], path: Path
) -> None:
    if table.comment is None:
        if table.name not in DATA_MODEL:
            raise WarehouseError(f"{path}: add COMMENT ON {table.kind} {table.name} IS '...'")
        comment_table(connection, table.name, table.kind, DATA_MODEL[table.name].description)
    for column in table.columns:
        if column.comment is None:
            if column.name not in descriptions:
                raise WarehouseError(f"{path}: add COMMENT ON COLUMN {table.name}.{column.name} IS '...'")
            comment_column(connection, table.name, column.name, descriptions[column.name])

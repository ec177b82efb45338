"""What the warehouse held before: tables that only grow, in `history/` beside it, by the files in `sql/history`.

A file there says what is recorded of a warehouse, and in its first line which columns name a row. A row is added when
it differs from the last one of the same name, and one of nulls when its name is gone. So nights that change nothing add
nothing.
"""

from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
import polars as pl

from acecoder_dagster.data.warehouse.errors import WarehouseError
from acecoder_dagster.files import replace_file
from acecoder_dagster.paths import project_folder

FOLDER = "history"
RECORDED_AT = "recorded_at"
_KEY = "-- key:"


def record_history(connection: duckdb.DuckDBPyConnection, folder: Path, now: datetime) -> None:
    """Add what differs from what was recorded last, and register all that was as `recorded_<table>`.

    Args:
        connection: shows the tables that are recorded.
        folder: where the history lies.
        now: the moment, in UTC.

    Raises:
        WarehouseError: a file of the history cannot be read; it is left as it is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path in _files():
        sql = path.read_text(encoding="utf-8")
        key = [name.strip() for name in sql.split("\n", 1)[0].removeprefix(_KEY).split(",")]
        file = folder / f"{path.stem}.parquet"
        present = connection.sql(sql).pl().with_columns(pl.lit(now.replace(tzinfo=None)).alias(RECORDED_AT))
        recorded = _read(file, present)
        if not (added := _changes(recorded, present, key, now)).is_empty():
            recorded = pl.concat([recorded, added])
            replace_file(file, partial(recorded.write_parquet, compression="zstd"))
        _register(connection, path.stem, recorded)


def show_history(connection: duckdb.DuckDBPyConnection, folder: Path, moment: datetime) -> None:
    """Register what was recorded until a moment (in UTC) as `recorded_<table>`, and add nothing.

    Args:
        connection: shows the tables that are recorded.
        folder: where the history lies.
        moment: later rows are left out.

    Raises:
        WarehouseError: a file of the history cannot be read.
    """
    for path in _files():
        nothing = connection.sql(path.read_text(encoding="utf-8")).pl().clear()
        columns = nothing.with_columns(pl.lit(None, dtype=pl.Datetime("us")).alias(RECORDED_AT))
        recorded = _read(folder / f"{path.stem}.parquet", columns)
        _register(connection, path.stem, recorded.filter(pl.col(RECORDED_AT) <= moment.replace(tzinfo=None)))


def _files() -> list[Path]:
    """Return the files that say what is recorded, each of a table of its name."""
    return sorted((project_folder("sql") / "history").glob("*.sql"))


def _register(connection: duckdb.DuckDBPyConnection, table: str, recorded: pl.DataFrame) -> None:
    connection.register(f"recorded_{table}", recorded.select(RECORDED_AT, pl.exclude(RECORDED_AT)).to_arrow())


def _read(file: Path, present: pl.DataFrame) -> pl.DataFrame:
    if not file.is_file():
        return present.clear()
    try:
        recorded = pl.read_parquet(file, glob=False)
    except pl.exceptions.PolarsError as error:
        raise WarehouseError(f"{file} cannot be read: {error}. Put it back from a backup, or move it away") from error
    # A column that is recorded since later is null before.
    return pl.concat([present.clear(), recorded], how="diagonal_relaxed").select(present.columns)


def _changes(recorded: pl.DataFrame, present: pl.DataFrame, key: list[str], now: datetime) -> pl.DataFrame:
    """Return the rows to add: those that differ from the last of their name, and nulls for names that are gone."""
    told = [name for name in present.columns if name not in {*key, RECORDED_AT}]
    # Rows were added in the order of time.
    last = recorded.group_by(key, maintain_order=True).last()
    changed = present.join(last, on=[*key, *told], how="anti", nulls_equal=True)
    there = last.filter(~pl.all_horizontal(pl.col(told).is_null()))
    gone = there.join(present, on=key, how="anti", nulls_equal=True)
    nulls = [pl.lit(None, dtype=present.schema[name]).alias(name) for name in told]
    moment = pl.lit(now.replace(tzinfo=None)).alias(RECORDED_AT)
    return pl.concat([changed, gone.with_columns(*nulls, moment).select(present.columns)])

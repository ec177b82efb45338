"""The history beside the warehouse: it grows by what changed, and by nothing else."""

from datetime import datetime

import polars as pl

from acecoder_dagster.data.tables import SAMPLED_PROGRAMS
from acecoder_dagster.data.warehouse import build_warehouse, run_query

TABLES = ("stage_history", "pass_rate_history", "figure_history", "setting_history")


def counted(warehouse) -> dict[str, int]:
    return {table: run_query(warehouse, f"SELECT count(*) AS n FROM {table}")["n"].item() for table in TABLES}


def test_a_refresh_that_changes_nothing_adds_nothing(lake, tmp_path):
    built = build_warehouse(lake, tmp_path / "w.duckdb", settings={"seed": "0"}).path
    first = counted(built)
    again = counted(build_warehouse(lake, tmp_path / "w.duckdb", settings={"seed": "0"}).path)

    assert first == again
    assert all(first[table] for table in ("stage_history", "pass_rate_history", "setting_history"))


def test_a_changed_setting_and_a_withdrawn_batch_are_rows_with_the_moment(lake, tmp_path):
    build_warehouse(lake, tmp_path / "w.duckdb", settings={"seed": "0"})
    gone = lake.partitions(SAMPLED_PROGRAMS)[0].batch
    lake.withdraw(SAMPLED_PROGRAMS, gone)
    built = build_warehouse(lake, tmp_path / "w.duckdb", settings={"seed": "1"}).path

    settings = run_query(built, "SELECT value, recorded_at FROM setting_history ORDER BY recorded_at")
    assert settings["value"].to_list() == ["0", "1"]
    assert all(isinstance(moment, datetime) for moment in settings["recorded_at"])
    last = run_query(
        built,
        f"SELECT arg_max(coalesce(rows_kept, -1), recorded_at) AS n FROM stage_history "
        f"WHERE stage = 'sampled_programs' AND batch = '{gone}'",
    )
    assert last["n"].item() == -1


def test_the_shipped_queries_say_what_changed_since_and_with_what(lake, tmp_path):
    build_warehouse(lake, tmp_path / "w.duckdb", settings={"seed": "0"})
    for partition in lake.partitions(SAMPLED_PROGRAMS):
        rows = pl.read_parquet(partition.rows_file, glob=False)
        renamed = rows.with_columns(model=pl.lit("renamed"))
        lake.write(SAMPLED_PROGRAMS, partition.batch, renamed, content_key="other")
    built = build_warehouse(lake, tmp_path / "w.duckdb", settings={"seed": "1"}).path

    changes = run_query(built, "changes_since", {"since": "2000-01-01"})
    assert {"setting", "rows", "pass rate"} <= set(changes["kind"])
    assert run_query(built, "changes_since", {"since": "2100-01-01"}).is_empty()
    over_time = run_query(built, "pass_rate_over_time")
    assert "renamed" in set(over_time["model"])
    assert over_time.filter(pl.col("model") != "renamed")["programs"].null_count() > 0
    assert set(run_query(built, "what_moved_pass_rates").columns) >= {"settings_changed", "stages_made_anew"}

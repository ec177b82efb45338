"""A history of many refreshes behind a generated warehouse, each of which made everything anew."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from acecoder_dagster.data.warehouse.history import FOLDER, RECORDED_AT

FIGURES = 40
"""About as many figures of pairs, models and benchmarks as the demo has."""


def write_generated_history(warehouse: Path, refreshes: int) -> None:
    """Add earlier refreshes, one a day, to what the last build has recorded beside the warehouse, and figures.

    Settings stay as they were: they seldom change.
    """
    folder = warehouse.parent / FOLDER
    for file in (folder / "stages.parquet", folder / "pass_rates.parquet"):
        recorded = pl.read_parquet(file)
        _repeat(recorded, refreshes).write_parquet(file, compression="zstd")
    names = [f"figure {number}" for number in range(FIGURES)]
    now = datetime.now(UTC).replace(tzinfo=None)
    measured = {"subject": "training", "name": "policy_rule", "figure": names, "value": 0.5, RECORDED_AT: now}
    _repeat(pl.DataFrame(measured), refreshes).write_parquet(folder / "figures.parquet", compression="zstd")


def _repeat(recorded: pl.DataFrame, refreshes: int) -> pl.DataFrame:
    """Return the rows as they are, and before them once for each earlier refresh with other values."""
    values = [name for name, dtype in recorded.schema.items() if dtype == pl.Float64]
    days = pl.DataFrame({"day": range(refreshes - 1, -1, -1)})
    repeated = days.join(recorded, how="cross").with_columns(
        pl.col(RECORDED_AT) - pl.col("day") * timedelta(days=1),
        *(pl.col(name) + pl.col("day") * 1e-4 for name in values),
    )
    return repeated.drop("day").select(recorded.columns)

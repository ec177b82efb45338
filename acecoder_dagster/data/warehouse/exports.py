"""Tables made from the warehouse by the files in `sql/exports`, to be stored or published as Parquet."""

from pathlib import Path

import polars as pl

from acecoder_dagster.data.warehouse.query import run_query
from acecoder_dagster.paths import project_folder


def export_sql(name: str) -> str:
    """Return the SQL of `sql/exports/<name>.sql`."""
    return (project_folder("sql") / "exports" / f"{name}.sql").read_text(encoding="utf-8")


def export_rows(warehouse: Path, name: str) -> pl.DataFrame:
    """Return the rows that `sql/exports/<name>.sql` selects.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    return run_query(warehouse, export_sql(name))

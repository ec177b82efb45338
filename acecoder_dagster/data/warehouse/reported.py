"""What the report shows of all runs: rows of the queries in `sql/report`, and of one that people ask too."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from acecoder_dagster.data.warehouse.query import named_queries
from acecoder_dagster.data.warehouse.reading import open_warehouse
from acecoder_dagster.paths import project_folder


@dataclass(frozen=True)
class RunFigures:
    """What the runs did and measured, each as the rows of its query.

    Attributes:
        stages: what every stage and training took, kept and cost.
        rejections: rows that were not kept, by stage and reason.
        pass_rates: pass rates by source and model, and by difficulty and model.
        work_by_day: what was made anew on the last days.
        pass_rates_over_time: share of programs that pass every test, by source and model.
        scores_over_time: held-out questions that the policies solved.
    """

    stages: pl.DataFrame
    rejections: pl.DataFrame
    pass_rates: pl.DataFrame
    work_by_day: pl.DataFrame
    pass_rates_over_time: pl.DataFrame
    scores_over_time: pl.DataFrame


def run_figures(warehouse: Path, batches: Sequence[str]) -> RunFigures:
    """Return what the report shows of all runs.

    Args:
        warehouse: the DuckDB file.
        batches: the batches whose pass rates are shown.

    Raises:
        WarehouseError: there is no warehouse yet.
    """
    folder = project_folder("sql") / "report"
    with open_warehouse(warehouse) as reader:

        def rows(name: str) -> pl.DataFrame:
            return reader.rows((folder / f"{name}.sql").read_text(encoding="utf-8"), {"batches": batches})

        return RunFigures(
            stages=rows("stages"),
            rejections=reader.rows(named_queries()["rejected_by_reason"].sql),
            pass_rates=rows("pass_rates"),
            work_by_day=rows("work_by_day"),
            pass_rates_over_time=rows("pass_rates_over_time"),
            scores_over_time=rows("scores_over_time"),
        )

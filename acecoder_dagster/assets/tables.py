"""The warehouse that people query, and the data set in the published schema."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.orchestration import pipeline
from acecoder_dagster.orchestration.groups import DATA_OWNERS, TABLES
from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.orchestration.stages import StageRows, accounted_check, run_stage
from acecoder_dagster.orchestration.warehouse import publish_warehouse
from acecoder_dagster.tables import ACECODE_DATASET, BATCH_TABLES, QUESTIONS
from acecoder_dagster.warehouse import export_rows


@dg.asset(
    deps=[table.name for table in BATCH_TABLES],
    group_name=TABLES,
    kinds={"duckdb", "sql"},
    owners=DATA_OWNERS,
    code_version="1",
)
def warehouse(project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The DuckDB file with every table, built by `sql/models` from the current Parquet files.

    Readers are never blocked: it is built beside the live file and renamed over it. Query it with `acecoder query`,
    or any DuckDB client.
    """
    return dg.MaterializeResult(metadata=publish_warehouse(project))


@dg.asset(
    deps=[warehouse],
    group_name=TABLES,
    kinds={"parquet", "sql"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[accounted_check(ACECODE_DATASET)],
)
def acecode_dataset(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Questions, kept tests and programs with pass rates, in the schema of the published AceCode-87K."""

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        chosen = [partition.batch for partition in project.training_partitions(QUESTIONS)]
        rows = export_rows(project.home.warehouse, "acecode_dataset").filter(pl.col("batch").is_in(chosen))
        for batch in batches:
            yield batch, StageRows(rows.drop("batch"), rows_in=rows.height)

    stage = pipeline.acecode_dataset(project)
    return run_stage(context, project, stage, compute)

"""The warehouse that people query, and the data set in the published schema."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.data.tables import ACECODE_DATASET, ASSERT, BATCH_TABLES, FILTERED_TESTS, QUESTIONS, REJECTED_ROWS
from acecoder_dagster.data.warehouse import export_rows
from acecoder_dagster.graph.groups import DATA_OWNERS, TABLES
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import StageRows, accounted_check, run_stage
from acecoder_dagster.graph.steps.training_rows import training_rows
from acecoder_dagster.graph.steps.warehouse import publish_warehouse


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
    """Questions, kept tests and programs with pass rates, in the schema of the published AceCode-87K.

    That schema knows only asserts: questions with other tests are rejected.
    """

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        chosen = [partition.batch for partition in project.training_partitions(QUESTIONS)]
        rows = export_rows(project.home.warehouse, "acecode_dataset").filter(pl.col("batch").is_in(chosen))
        rejected = _without_asserts(training_rows(project, FILTERED_TESTS))
        for batch in batches:
            yield batch, StageRows(rows.drop("batch"), rows.height + rejected.height, rejected)

    stage = lineage.acecode_dataset(project)
    return run_stage(context, project, stage, compute)


def _without_asserts(tests: pl.DataFrame) -> pl.DataFrame:
    kinds = tests.group_by("question_id").agg(pl.col("kind").first()).sort("question_id")
    return REJECTED_ROWS.conform(
        kinds.filter(pl.col("kind") != ASSERT).select(
            stage=pl.lit(ACECODE_DATASET.name),
            row_kind=pl.lit("question"),
            row_id="question_id",
            question_id="question_id",
            reason=pl.lit("tests are not asserts"),
            evidence=pl.format("tests of kind {}: the published schema holds asserts only", pl.col("kind")),
        )
    )

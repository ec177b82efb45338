"""The warehouse that people query, and the data set in the published schema."""

from collections.abc import Iterator, Mapping

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import (
    ACECODE_DATASET,
    ASSERT,
    BATCH_TABLES,
    FILTERED_TESTS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
from acecoder_dagster.data.warehouse import export_rows, export_version
from acecoder_dagster.graph.groups import TABLES
from acecoder_dagster.graph.inputs import MEASUREMENTS, chosen, if_there, without
from acecoder_dagster.graph.metadata import Metadata
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import StageRows, page_stage, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.training_rows import counting


@page_stage(
    reads=if_there(*BATCH_TABLES),
    code_version="1",
    group=TABLES,
    kinds={"duckdb", "sql"},
    publishes=True,
)
def warehouse(step: Step) -> Metadata:
    """The DuckDB file with every table, built by `sql/models` from the current Parquet files.

    Readers are never blocked: it is built beside the live file and renamed over it. Query it with `acecoder query`,
    or any DuckDB client.
    """
    return {}


def _export(project: OpenProject, batch: str) -> Mapping[str, object]:
    return {"sql": export_version(ACECODE_DATASET.name), **counting(project, batch)}


@table_stage(
    ACECODE_DATASET,
    # Read through the warehouse, by sql/exports/acecode_dataset.sql.
    reads=without(MEASUREMENTS, chosen(QUESTIONS, FILTERED_TESTS, SAMPLED_PROGRAMS, TEST_RESULTS)),
    waits_for=(warehouse,),
    settings=_export,
    code_version="1",
    group=TABLES,
    kinds={"parquet", "sql"},
)
def acecode_dataset(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Questions, kept tests and programs with pass rates, in the schema of the published AceCode-87K.

    That schema knows only asserts: questions with other tests are rejected.
    """
    feeding = [part.batch for part in step.project.lake.partitions(QUESTIONS) if step.project.is_chosen(part.batch)]
    rows = export_rows(step.project.home.warehouse, ACECODE_DATASET.name).filter(pl.col("batch").is_in(feeding))
    rejected = _without_asserts(step.read(FILTERED_TESTS))
    for batch in step.batches:
        yield batch, StageRows(rows.drop("batch"), rows.height + rejected.height, rejected)


def _without_asserts(tests: pl.DataFrame) -> pl.DataFrame:
    kinds = tests.group_by("question_id").agg(pl.col("kind").first()).sort("question_id")
    return rejected_rows(
        kinds.filter(pl.col("kind") != ASSERT),
        ACECODE_DATASET.name,
        "question",
        Reason.TESTS_NOT_ASSERTS,
        pl.format("tests of kind {}", "kind"),
        row_id="question_id",
    )

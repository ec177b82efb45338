"""The test-quality certificate, and the gate that it is."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.tables import (
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_QUALITY,
    TEST_RESULTS,
    Table,
)
from acecoder_dagster.graph.groups import DATA_OWNERS, TABLES
from acecoder_dagster.graph.progress import RowProgress
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import StageRows, accounted_check, run_stage
from acecoder_dagster.judge import Judge
from acecoder_dagster.questions.test_suites.quality import certificate, execution_tallies, program_tallies

GOOD_ENOUGH = "tests_are_good_enough"


@dg.asset(
    deps=["test_results"],
    group_name=TABLES,
    kinds={"parquet", "docker"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[
        accounted_check(TEST_QUALITY),
        dg.AssetCheckSpec(
            GOOD_ENOUGH,
            asset="test_quality",
            blocking=True,
            description="Every requirement of the settings in [quality] is met on the calibration questions",
        ),
    ],
)
def test_quality(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """How good the kept tests are, measured on calibration questions: those of the batches in quality.batches.

    Without such batches nothing is measured, and only requirements that ask for a measurement fail.
    """
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        rows = {
            table.name: _calibration_rows(project, table)
            for table in (QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS, SAMPLED_PROGRAMS, TEST_RESULTS)
        }
        models = rows[SAMPLED_PROGRAMS.name].select("program_id", "model")
        results = rows[TEST_RESULTS.name].join(models, on="program_id")
        tallies = program_tallies(results, rows[FILTERED_TESTS.name], settings.tests.oracle_models)
        questions = rows[QUESTIONS.name].join(rows[FILTERED_TESTS.name], on="question_id", how="semi")
        at_most = questions.height * (settings.quality.reruns + settings.quality.mutants_per_question)
        progress = RowProgress(context, "references and mutants", at_most)
        with Judge(settings.sandbox) as judge:
            tallies += execution_tallies(
                judge,
                questions,
                rows[CANDIDATE_TESTS.name],
                rows[FILTERED_TESTS.name],
                settings.quality,
                progress.advance,
            )
        measured = certificate(tallies, settings.quality.requirements(), settings.quality.bootstrap_samples)
        for batch in batches:
            yield batch, StageRows(measured, measured.height, figures={"calibration_questions": questions.height})

    return run_stage(context, project, lineage.test_quality(project), compute, _gate)


def _calibration_rows(project: Project, table: Table) -> pl.DataFrame:
    batches = [partition.batch for partition in project.calibration_partitions(table)]
    return project.lake.read(table, batches).drop("batch")


def _gate(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
    measured = pl.concat([pl.read_parquet(partition.rows_file) for partition in partitions])
    required = measured.filter(pl.col("required").is_not_null())
    failed = required.filter(~pl.col("met"))
    words = [
        f"{measure} {'not measured' if value is None else f'{value:.3f} ({low:.3f} to {high:.3f})'}, required {need:g}"
        for measure, value, low, high, need in failed.select("measure", "value", "low", "high", "required").iter_rows()
    ]
    return [
        dg.AssetCheckResult(
            check_name=GOOD_ENOUGH,
            passed=failed.is_empty(),
            description=f"Not met: {'; '.join(words) or 'none'}. Look at rejected_by_reason and at the policy of "
            "[tests], or change what [quality] requires.",
            metadata=dict(required.drop_nulls("value").select("measure", "value").iter_rows()),
        )
    ]

"""The test-quality certificate, and the gate that it is."""

from collections.abc import Iterator, Mapping

import polars as pl

from acecoder_dagster.data.tables import (
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_QUALITY,
    TEST_RESULTS,
)
from acecoder_dagster.graph.groups import TABLES
from acecoder_dagster.graph.inputs import LABELS, MEASUREMENTS, PROVENANCE, calibration, without
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Check, Finding, StageRows, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.questions.test_suites.quality import certificate, execution_tallies, program_tallies


def _measuring(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings = project.settings
    return {
        "quality": settings.quality.model_dump(exclude={"batches"}),
        "oracle_models": settings.tests.oracle_models,
        "sandbox": settings.sandbox.seen_by_programs(),
    }


def _requirements_are_met(step: Step) -> Finding:
    required = step.rows_made().filter(pl.col("required").is_not_null())
    failed = required.filter(~pl.col("met"))
    words = [
        f"{measure} {'not measured' if value is None else f'{value:.3f} ({low:.3f} to {high:.3f})'}, required {need:g}"
        for measure, value, low, high, need in failed.select("measure", "value", "low", "high", "required").iter_rows()
    ]
    return Finding(
        passed=failed.is_empty(),
        description=f"Not met: {'; '.join(words) or 'none'}. Look at rejected_by_reason and at the policy of "
        "[tests], or change what [quality] requires.",
        metadata=dict(required.drop_nulls("value").select("measure", "value").iter_rows()),
    )


@table_stage(
    TEST_QUALITY,
    reads=(
        *without((*LABELS, *MEASUREMENTS), calibration(QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS, TEST_RESULTS)),
        *without(PROVENANCE, calibration(SAMPLED_PROGRAMS)),
    ),
    settings=_measuring,
    code_version="2",
    group=TABLES,
    kinds={"parquet", "docker"},
    checks=(
        Check(
            "tests_are_good_enough",
            "Every requirement of the settings in [quality] is met on the calibration questions",
            _requirements_are_met,
        ),
    ),
)
def test_quality(step: Step) -> Iterator[tuple[str, StageRows]]:
    """How good the kept tests are, measured on calibration questions: those of the batches in quality.batches.

    Without such batches nothing is measured, and only requirements that ask for a measurement fail.
    """
    settings = step.settings.quality
    questions, candidates, kept, programs, results = (
        step.read(table).drop("batch")
        for table in (QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS, SAMPLED_PROGRAMS, TEST_RESULTS)
    )
    results = results.join(programs.select("program_id", "model"), on="program_id")
    tallies = program_tallies(results, kept, step.settings.tests.oracle_models)
    questions = questions.join(kept, on="question_id", how="semi")
    at_most = questions.height * (settings.reruns + settings.mutants_per_question)
    progress = step.progress("references and mutants", at_most)
    with step.judge() as judge:
        tallies += execution_tallies(judge, questions, candidates, kept, settings, progress.advance)
    measured = certificate(tallies, settings.requirements(), settings.bootstrap_samples)
    for batch in step.batches:
        yield batch, StageRows(measured, measured.height, figures={"calibration_questions": questions.height})

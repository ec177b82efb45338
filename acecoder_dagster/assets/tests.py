"""Tests: written, judged by oracle programs, and those that are kept."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.importing import load_import
from acecoder_dagster.judging import judge_table, observe_calls, question_tests
from acecoder_dagster.lake import content_key
from acecoder_dagster.lake.partitions import Partition
from acecoder_dagster.orchestration.groups import DATA_OWNERS, TESTS
from acecoder_dagster.orchestration.partitions import seed_batches
from acecoder_dagster.orchestration.progress import RowProgress
from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.orchestration.sampling import greedy_programs
from acecoder_dagster.orchestration.sources import batch_source, is_collected, procedural_number
from acecoder_dagster.orchestration.stages import Stage, StageRows, accounted_check, run_stage
from acecoder_dagster.orchestration.workers import ACCELERATOR_POOL
from acecoder_dagster.sandbox import Judge
from acecoder_dagster.synthesis import (
    FilteredTests,
    execute_inputs,
    filter_tests,
    observing_sandbox,
    reference_oracles,
    write_tests,
    written_tests,
)
from acecoder_dagster.tables import (
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    ORACLE_PROGRAMS,
    QUESTIONS,
    SEED_FUNCTIONS,
    WRITER_ANSWERS,
)

TESTS_LEFT = "some_tests_are_kept"


@dg.asset(
    deps=["questions", "seed_functions", "writer_answers"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=TESTS,
    kinds={"parquet", "python"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[accounted_check(CANDIDATE_TESTS)],
)
def candidate_tests(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Tests as written, before any is filtered.

    Procedural questions get theirs by running the reference program in the sandbox on the arguments of the seed,
    questions from collected functions by running it on inputs drawn for it, or from the model that wrote them; imported
    questions bring theirs.
    """

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            if is_collected(project, batch):
                yield batch, _tests_of_collected(context, project, batch)
                continue
            if procedural_number(batch) is None:
                imported = load_import(project.home.root, batch)
                rejected = imported.rejected.filter(pl.col("row_kind") == "test")
                rows_in = imported.candidate_tests.height + rejected.height
                yield batch, StageRows(imported.candidate_tests, rows_in, rejected)
                continue
            questions = project.lake.read(QUESTIONS, [batch])
            calls = questions.join(project.lake.read(SEED_FUNCTIONS, [batch]), on="seed_id").select(
                "question_id", "entry_point", "setup_code", "reference_program", "argument_texts"
            )
            progress = RowProgress(context, "questions", questions.height)
            with Judge(project.settings.sandbox) as judge:
                written = write_tests(observe_calls(judge, calls, progress.advance))
            yield batch, StageRows(written.tests, written.rows_in, written.rejected)

    stage = Stage(CANDIDATE_TESTS, inputs=(QUESTIONS,), source=_origin)
    return run_stage(context, project, stage, compute)


@dg.asset(
    deps=["questions", "candidate_tests"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=TESTS,
    kinds={"parquet", "vllm"},
    owners=DATA_OWNERS,
    pool=ACCELERATOR_POOL,
    code_version="1",
    check_specs=[accounted_check(ORACLE_PROGRAMS)],
)
def oracle_programs(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Programs whose verdicts decide which tests are kept.

    By setting tests.oracle: the questions' reference programs, a greedy program of a strong model (the paper), or none.
    """
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        by_batch = {batch: project.lake.read(QUESTIONS, [batch]) for batch in batches}
        if settings.tests.oracle == "model":
            yield from greedy_programs(context, project, by_batch)
            return
        for batch, questions in by_batch.items():
            if settings.tests.oracle == "trusted":
                yield batch, StageRows(ORACLE_PROGRAMS.empty(), rows_in=0)
            else:
                programs, rejected = reference_oracles(questions)
                yield batch, StageRows(programs, questions.height, rejected)

    stage = Stage(
        ORACLE_PROGRAMS,
        inputs=(QUESTIONS,),
        settings={"tests": settings.tests.model_dump(include={"oracle", "oracle_model", "oracle_sampling"})},
    )
    return run_stage(context, project, stage, compute)


@dg.asset(
    deps=["questions", "candidate_tests", "oracle_programs"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=TESTS,
    kinds={"parquet", "docker"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[
        accounted_check(FILTERED_TESTS),
        dg.AssetCheckSpec(
            TESTS_LEFT,
            asset="filtered_tests",
            blocking=True,
            description="Every batch keeps at least one question with enough tests",
        ),
    ],
)
def filtered_tests(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Tests that the oracle programs pass, of questions that keep enough of them (paper, section 3.1)."""
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            candidates = project.lake.read(CANDIDATE_TESTS, [batch]).drop("batch")
            if settings.tests.oracle == "trusted":
                yield batch, _stage_rows(candidates, filter_tests(candidates, None, settings.tests.min_tests), 0)
                continue
            oracles = project.lake.read(ORACLE_PROGRAMS, [batch])
            tests = question_tests(project.lake.read(QUESTIONS, [batch]), candidates)
            written = {question_id: len(of_question.tests) for question_id, of_question in tests.items()}
            progress = RowProgress(context, "oracle programs", oracles.height)
            with Judge(settings.sandbox) as judge:
                results, _ = judge_table(judge, oracles, tests, written, "filtered_tests", progress.advance)
            yield (
                batch,
                _stage_rows(candidates, filter_tests(candidates, results, settings.tests.min_tests), results.height),
            )

    stage = Stage(
        FILTERED_TESTS,
        inputs=(QUESTIONS, CANDIDATE_TESTS, ORACLE_PROGRAMS),
        settings={"min_tests": settings.tests.min_tests, "limits": settings.sandbox.limits()},
    )
    return run_stage(context, project, stage, compute, checks=_some_tests_are_kept)


def _origin(project: Project, batch: str) -> str:
    """Return what identifies the origin of a batch; of collected seeds, how inputs are drawn for them too."""
    if not is_collected(project, batch):
        return batch_source(project, batch)
    settings = project.settings
    drawing = {"inputs": settings.inputs.model_dump(), "seed": settings.seed, "limits": settings.sandbox.limits()}
    return content_key(seeds=batch_source(project, batch), writer=settings.questions.writer, **drawing)


def _tests_of_collected(context: dg.AssetExecutionContext, project: Project, batch: str) -> StageRows:
    settings = project.settings
    if settings.questions.writer == "endpoint":
        answered = project.lake.read(SEED_FUNCTIONS, [batch]), project.lake.read(WRITER_ANSWERS, [batch])
        written = written_tests(*answered)
        return StageRows(written.tests, written.rows_in, written.rejected)
    seeds = project.lake.read(SEED_FUNCTIONS, [batch]).select("seed_id", "argument_texts")
    questions = project.lake.read(QUESTIONS, [batch]).join(seeds, on="seed_id")
    progress = RowProgress(context, "questions", questions.height)
    with Judge(observing_sandbox(settings.sandbox, settings.inputs)) as judge:
        written = execute_inputs(judge, questions, settings.inputs, settings.seed, progress.advance)
    return StageRows(written.tests, written.rows_in, written.rejected)


def _stage_rows(candidates: pl.DataFrame, filtered: FilteredTests, executed: int) -> StageRows:
    return StageRows(
        filtered.kept, rows_in=candidates.height, rejected=filtered.rejected, figures={"programs_executed": executed}
    )


def _some_tests_are_kept(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
    empty = [partition.batch for partition in partitions if partition.rows == 0]
    return [
        dg.AssetCheckResult(
            check_name=TESTS_LEFT,
            passed=not empty,
            description=f"Batches without any kept test: {empty or 'none'}. See rejected_by_reason; lower "
            "tests.min_tests or look at the oracle programs' verdicts.",
        )
    ]

"""Tests: written, judged by oracle programs, and those that are kept."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.data.judged_tables import judge_table, question_tests
from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.tables import (
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    ORACLE_PROGRAMS,
    ORACLE_RESULTS,
    QUESTIONS,
    SEED_FUNCTIONS,
    WRITER_ANSWERS,
)
from acecoder_dagster.evaluation import plot_histogram
from acecoder_dagster.graph.groups import DATA_OWNERS, TESTS
from acecoder_dagster.graph.metadata import picture
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.progress import RowProgress
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import LeftRows, StageRows, accounted_check, run_stage_by_rows
from acecoder_dagster.graph.steps.batch_sources import is_collected, procedural_number
from acecoder_dagster.graph.steps.kept_tests import improved_suites
from acecoder_dagster.graph.steps.oracles import oracle_rows
from acecoder_dagster.graph.worker_process import ACCELERATOR_POOL, WORKER_RETRIES
from acecoder_dagster.judge import Judge
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.test_suites.choosing import filter_tests
from acecoder_dagster.questions.test_suites.executed import execute_inputs, observing_sandbox
from acecoder_dagster.questions.test_suites.expectations import write_tests
from acecoder_dagster.questions.test_suites.observed_calls import observe_calls
from acecoder_dagster.questions.test_suites.quality import separate_labels
from acecoder_dagster.questions.writing import written_tests

TESTS_LEFT = "some_tests_are_kept"


@dg.asset(
    deps=["questions", "seed_functions", "writer_answers"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=TESTS,
    kinds={"parquet", "python"},
    owners=DATA_OWNERS,
    code_version="2",
    check_specs=[accounted_check(CANDIDATE_TESTS)],
)
def candidate_tests(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Tests as written, before any is filtered.

    Procedural questions get theirs by running the reference program in the sandbox on the arguments of the seed,
    questions from collected functions by running it on inputs drawn for it, or from the model that wrote them; imported
    questions bring theirs.
    """

    def compute(batches: list[str], left: LeftRows) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            if is_collected(project, batch):
                questions = left(batch, project.lake.read(QUESTIONS, [batch]))
                yield batch, _tests_of_collected(context, project, batch, questions)
                continue
            if procedural_number(batch) is None:
                imported = load_import(project.home.root, batch)
                rejected = imported.rejected.filter(pl.col("row_kind") == "test")
                rows_in = imported.candidate_tests.height + rejected.height
                yield batch, StageRows(imported.candidate_tests, rows_in, rejected)
                continue
            questions = left(batch, project.lake.read(QUESTIONS, [batch]))
            calls = questions.join(project.lake.read(SEED_FUNCTIONS, [batch]), on="seed_id").select(
                "question_id", "entry_point", "setup_code", "reference_program", "argument_texts"
            )
            progress = RowProgress(context, "questions", questions.height)
            with Judge(project.settings.sandbox) as judge:
                written = write_tests(observe_calls(judge, calls, progress.advance))
            yield batch, StageRows(written.tests, written.rows_in, written.rejected)

    return run_stage_by_rows(context, project, lineage.candidate_tests(project), compute)


@dg.asset(
    deps=["questions", "candidate_tests"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=TESTS,
    kinds={"parquet", "vllm"},
    owners=DATA_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="2",
    check_specs=[accounted_check(ORACLE_PROGRAMS)],
)
def oracle_programs(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Programs whose verdicts decide which tests are kept.

    By setting tests.policy: the questions' reference programs, programs of strong models (the paper: one, greedy), or
    none. Models of an imported file of programs are not asked again: their programs are taken.
    """

    def compute(batches: list[str], left: LeftRows) -> Iterator[tuple[str, StageRows]]:
        by_batch = {batch: left(batch, project.lake.read(QUESTIONS, [batch])) for batch in batches}
        yield from oracle_rows(context, project, by_batch)

    return run_stage_by_rows(context, project, lineage.oracle_programs(project), compute)


@dg.asset(
    deps=["questions", "candidate_tests", "oracle_programs"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=TESTS,
    kinds={"parquet", "docker"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[accounted_check(ORACLE_RESULTS)],
)
def oracle_results(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Verdicts of the oracle programs on every candidate test: which program passes which test."""
    settings = project.settings

    def compute(batches: list[str], left: LeftRows) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            oracles = left(batch, project.lake.read(ORACLE_PROGRAMS, [batch]))
            candidates = project.lake.read(CANDIDATE_TESTS, [batch])
            tests = question_tests(project.lake.read(QUESTIONS, [batch]), candidates)
            written = dict(candidates.group_by("question_id").len().iter_rows())
            progress = RowProgress(context, "oracle programs", oracles.height)
            with Judge(settings.sandbox) as judge:
                results, rejected = judge_table(judge, oracles, tests, written, "oracle_results", progress.advance)
            yield batch, StageRows(results, oracles.height, rejected, {"programs_executed": results.height})

    return run_stage_by_rows(context, project, lineage.oracle_results(project), compute)


@dg.asset(
    deps=["questions", "candidate_tests", "oracle_programs", "oracle_results"],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=TESTS,
    kinds={"parquet", "docker"},
    owners=DATA_OWNERS,
    code_version="5",
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
    """Tests that the policy keeps, of questions that keep enough of them (paper, section 3.1), as few as needed.

    By setting tests.strengthening_rounds, inputs that take new branches of the trusted program become tests too, and
    those on which programs that pass all tests disagree.
    The official tests of calibration questions are kept whatever the policy says of them, and have no say: they label
    programs for the certificate.
    """
    settings = project.settings
    chosen = settings.tests

    def compute(batches: list[str], left: LeftRows) -> Iterator[tuple[str, StageRows]]:
        for batch in batches:
            candidates, questions, oracles, results = (
                project.lake.read(table, [batch]).drop("batch")
                for table in (CANDIDATE_TESTS, QUESTIONS, ORACLE_PROGRAMS, ORACLE_RESULTS)
            )
            labels = candidates.clear()
            if project.is_calibration(batch):
                candidates, labels = separate_labels(candidates)
            filtered = filter_tests(candidates, results, chosen.min_tests, chosen.policy, oracles)
            changed = left(batch, questions).select("question_id")
            filtered, added, executed = improved_suites(
                project, filtered, changed, candidates, questions, oracles, results
            )
            candidates, labels = (rows.join(changed, on="question_id", how="semi") for rows in (candidates, labels))
            filtered = filtered.with_labels(labels)
            rows_in = candidates.height + labels.height + added
            yield batch, StageRows(filtered.kept, rows_in, filtered.rejected, {"programs_executed": executed})

    def checks(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
        kept = pl.concat([pl.read_parquet(partition.rows_file) for partition in partitions])
        plot = plot_histogram(kept.group_by("question_id").len()["len"], "kept tests of a question", "questions")
        context.add_asset_metadata({"tests_per_question": picture(plot, "Kept tests")})
        return _some_tests_are_kept(partitions)

    return run_stage_by_rows(context, project, lineage.filtered_tests(project), compute, checks)


def _tests_of_collected(
    context: dg.AssetExecutionContext, project: Project, batch: str, questions: pl.DataFrame
) -> StageRows:
    settings = project.settings
    seeds = project.lake.read(SEED_FUNCTIONS, [batch])
    if settings.questions.writer == "endpoint":
        written = written_tests(seeds, project.lake.read(WRITER_ANSWERS, [batch]))
        return StageRows(written.tests, written.rows_in, written.rejected)
    asked = questions.join(seeds.select("seed_id", "argument_texts"), on="seed_id")
    progress = RowProgress(context, "questions", asked.height)
    with Judge(observing_sandbox(settings.sandbox, settings.inputs)) as judge:
        written = execute_inputs(judge, asked, settings.inputs, settings.seed, progress.advance)
    return StageRows(written.tests, written.rows_in, written.rejected)


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

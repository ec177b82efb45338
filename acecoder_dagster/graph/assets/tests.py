"""Tests: written, judged by oracle programs, and those that are kept."""

from collections.abc import Iterator, Mapping

import polars as pl

from acecoder_dagster.data.judged_tables import judge_table, question_tests
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
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.graph.assets.seeds import asks_writer
from acecoder_dagster.graph.groups import TESTS
from acecoder_dagster.graph.inputs import LABELS, MEASUREMENTS, Input, Rows, same_batch, without
from acecoder_dagster.graph.metadata import Metadata, picture
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Check, Finding, PlannedBatch, StageRows, Work, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.batch_sources import batch_source, brings_programs, is_collected, is_imported
from acecoder_dagster.graph.steps.kept_tests import improved_suites, programs_for_suites, runs_programs
from acecoder_dagster.graph.steps.key_parts import drawing, prompting, what_counts, where_programs_run
from acecoder_dagster.graph.steps.oracles import oracle_rows
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.questions.test_suites.choosing import filter_tests, writers_trust
from acecoder_dagster.questions.test_suites.executed import execute_inputs, observing_sandbox
from acecoder_dagster.questions.test_suites.expectations import write_tests
from acecoder_dagster.questions.test_suites.observed_calls import observe_calls
from acecoder_dagster.questions.test_suites.quality import separate_labels
from acecoder_dagster.questions.writing import written_tests


def _origin_of_tests(project: OpenProject, batch: str) -> Mapping[str, object]:
    """Name the import whose tests are taken, or how tests are made: inputs drawn, limits of the programs that run."""
    if is_imported(project, batch):
        return {"source": batch_source(project, batch)}
    if not is_collected(project, batch):
        return where_programs_run(project, batch)
    if asks_writer(project.settings):
        return {"writer": project.settings.questions.writer}
    sandbox = observing_sandbox(project.settings.sandbox, project.settings.inputs)
    return {**drawing(project.settings), "sandbox": sandbox.seen_by_programs()}


def _programs_for_candidates(planned: PlannedBatch) -> Work:
    project, batch = planned.project, planned.batch
    written = is_imported(project, batch) or (asks_writer(project.settings) and is_collected(project, batch))
    return Work(programs=0 if written else planned.questions)


@table_stage(
    CANDIDATE_TESTS,
    reads=(
        *without(LABELS, same_batch(SEED_FUNCTIONS, QUESTIONS)),
        Input(WRITER_ANSWERS, Rows.SAME_BATCH, when=asks_writer),
    ),
    origin=_origin_of_tests,
    unit="question_id",
    code_version="2",
    partitions=seed_batches,
    group=TESTS,
    kinds={"parquet", "python"},
    takes_import=is_imported,
    work=_programs_for_candidates,
)
def candidate_tests(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Tests as written, before any is filtered.

    Procedural questions get theirs by running the reference program in the sandbox on the arguments of the seed,
    questions from collected functions by running it on inputs drawn for it, or from the model that wrote them; imported
    questions bring theirs.
    """
    for batch in step.batches:
        if is_imported(step.project, batch):
            imported = load_import(step.project.home.root, batch)
            rejected = imported.rejected.filter(pl.col("row_kind") == "test")
            tests = imported.candidate_tests
            yield batch, StageRows(tests, tests.height + rejected.height, rejected)
            continue
        questions, seeds = step.changed(batch, step.read(QUESTIONS, batch)), step.read(SEED_FUNCTIONS, batch)
        if not is_collected(step.project, batch):
            yield batch, _tests_of_procedural(step, questions, seeds)
        elif asks_writer(step.settings):
            written = written_tests(seeds, step.read(WRITER_ANSWERS, batch))
            yield batch, StageRows(written.tests, written.rows_in, written.rejected)
        else:
            yield batch, _tests_of_collected(step, questions, seeds)


def _tests_of_procedural(step: Step, questions: pl.DataFrame, seeds: pl.DataFrame) -> StageRows:
    calls = questions.join(seeds, on="seed_id").select(
        "question_id", "entry_point", "setup_code", "reference_program", "argument_texts"
    )
    progress = step.progress("questions", questions.height)
    with step.judge() as judge:
        written = write_tests(observe_calls(judge, calls, progress.advance))
    return StageRows(written.tests, written.rows_in, written.rejected)


def _tests_of_collected(step: Step, questions: pl.DataFrame, seeds: pl.DataFrame) -> StageRows:
    settings = step.settings
    asked = questions.join(seeds.select("seed_id", "argument_texts"), on="seed_id")
    progress = step.progress("questions", asked.height)
    with step.judge(observing_sandbox(settings.sandbox, settings.inputs)) as judge:
        written = execute_inputs(judge, asked, settings.inputs, settings.seed, progress.advance)
    return StageRows(written.tests, written.rows_in, written.rejected)


def _oracles(project: OpenProject, batch: str) -> Mapping[str, object]:
    """Return which models are asked, and how, where they are: a model that is trusted or imported is not."""
    settings, tests = project.settings, project.settings.tests
    asked = tests.oracle_models if tests.policy != "trusted" else ()
    named = {"references": tests.policy == "reference", "oracle_models": asked}
    if not asked or brings_programs(project, batch):
        return named
    return {**named, **prompting(settings), "sampling": what_counts(tests.oracle_sampling), "seed": settings.seed}


def _origin_of_oracles(project: OpenProject, batch: str) -> Mapping[str, object]:
    """Name the import whose programs are taken as those of the oracle models, or the versions of these."""
    tests = project.settings.tests
    if not tests.oracle_models or tests.policy == "trusted":
        return {}
    if brings_programs(project, batch):
        return {"source": batch_source(project, batch)}
    return {"models": [model_revision(*read_address(model)) for model in tests.oracle_models]}


def _oracle_calls(planned: PlannedBatch) -> Work:
    if brings_programs(planned.project, planned.batch):
        return Work()
    return Work(model_calls=planned.questions * len(planned.project.settings.tests.oracle_models))


@table_stage(
    ORACLE_PROGRAMS,
    reads=without(LABELS, same_batch(QUESTIONS)),
    settings=_oracles,
    origin=_origin_of_oracles,
    unit="question_id",
    code_version="2",
    partitions=seed_batches,
    group=TESTS,
    kinds={"parquet", "vllm"},
    uses_accelerator=True,
    work=_oracle_calls,
)
def oracle_programs(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Programs whose verdicts decide which tests are kept.

    By setting tests.policy: the questions' reference programs, programs of strong models (the paper: one, greedy), or
    none. Models of an imported file of programs are not asked again: their programs are taken.
    """
    yield from oracle_rows(step, {batch: step.changed(batch, step.read(QUESTIONS, batch)) for batch in step.batches})


def _oracles_to_run(planned: PlannedBatch) -> Work:
    tests = planned.project.settings.tests
    references = 1 if tests.policy == "reference" else 0
    return Work(programs=planned.questions * (references + len(tests.oracle_models)))


@table_stage(
    ORACLE_RESULTS,
    reads=without(LABELS, same_batch(QUESTIONS, CANDIDATE_TESTS, ORACLE_PROGRAMS)),
    settings=where_programs_run,
    unit="program_id",
    code_version="2",
    partitions=seed_batches,
    group=TESTS,
    kinds={"parquet", "docker"},
    work=_oracles_to_run,
)
def oracle_results(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Verdicts of the oracle programs on every candidate test: which program passes which test."""
    for batch in step.batches:
        oracles = step.changed(batch, step.read(ORACLE_PROGRAMS, batch))
        candidates = step.read(CANDIDATE_TESTS, batch)
        tests = question_tests(step.read(QUESTIONS, batch), candidates)
        written = dict(candidates.group_by("question_id").len().iter_rows())
        progress = step.progress("oracle programs", oracles.height)
        with step.judge() as judge:
            results, rejected = judge_table(judge, oracles, tests, written, ORACLE_RESULTS.name, progress.advance)
        yield batch, StageRows(results, oracles.height, rejected, {"programs_executed": results.height})


def _choice_of_tests(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings = project.settings
    choice = {"policy", "min_tests", "max_tests", "strengthening_rounds"}
    executing = {"mutants": settings.tests.mutants, **where_programs_run(project, batch)}
    return {
        "tests": settings.tests.model_dump(include=choice),
        "calibration": project.is_calibration(batch),
        **(executing if runs_programs(settings.tests) else {}),
        **(drawing(settings) if settings.tests.strengthening_rounds else {}),
    }


def _decisions(project: OpenProject, batch: str) -> pl.DataFrame:
    """Return what the policy says of each question's tests, and whom of their writers it believes how much.

    Both come from all questions of the batch: those whose programs agree say whose programs and tests are right.
    """
    candidates, oracles, results = (
        project.lake.read(table, [batch]).drop("batch") for table in (CANDIDATE_TESTS, ORACLE_PROGRAMS, ORACLE_RESULTS)
    )
    choice = project.settings.tests
    if project.is_calibration(batch):
        candidates, _ = separate_labels(candidates)
    filtered = filter_tests(candidates, results, choice.min_tests, choice.policy, oracles)
    trust = writers_trust(filtered.kept, candidates) if choice.max_tests != "all" else {}
    judged = candidates.join(filtered.kept.select("test_id", kept=pl.lit(True)), on="test_id", how="left")
    judged = judged.join(filtered.rejected.select("reason", test_id="row_id"), on="test_id", how="left")
    trusted = pl.col("origin").replace_strict(trust, default=None, return_dtype=pl.Float64)
    told = pl.struct("test_id", "kept", "reason", trust=trusted).struct.json_encode()
    by_question = judged.sort("test_id").group_by("question_id").agg(taken=told.str.join("\n"))
    return by_question.rename({"question_id": "unit"})


def _some_tests_are_kept(step: Step) -> Finding:
    empty = [partition.batch for partition in step.made if partition.rows == 0]
    return Finding(
        passed=not empty,
        description=f"Batches without any kept test: {empty or 'none'}. See rejected_by_reason; lower "
        "tests.min_tests or look at the oracle programs' verdicts.",
    )


def _tests_per_question(step: Step) -> Metadata:
    counts = step.rows_made().group_by("question_id").len()["len"]
    return {
        "tests_per_question": picture(plot_histogram(counts, "kept tests of a question", "questions"), "Kept tests")
    }


@table_stage(
    FILTERED_TESTS,
    reads=without((*LABELS, *MEASUREMENTS), same_batch(QUESTIONS, CANDIDATE_TESTS, ORACLE_PROGRAMS, ORACLE_RESULTS)),
    settings=_choice_of_tests,
    across_units=_decisions,
    unit="question_id",
    code_version="6",
    partitions=seed_batches,
    group=TESTS,
    kinds={"parquet", "docker"},
    checks=(
        Check("some_tests_are_kept", "Every batch keeps at least one question with enough tests", _some_tests_are_kept),
    ),
    page=_tests_per_question,
    work=lambda planned: Work(programs=planned.questions * programs_for_suites(planned.project.settings)),
)
def filtered_tests(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Tests that the policy keeps, of questions that keep enough of them (paper, section 3.1), as few as needed.

    By setting tests.strengthening_rounds, inputs that take new branches of the trusted program become tests too, and
    those on which programs that pass all tests disagree.
    The official tests of calibration questions are kept whatever the policy says of them, and have no say: they label
    programs for the certificate.
    """
    choice = step.settings.tests
    for batch in step.batches:
        candidates, questions, oracles, results = (
            step.read(table, batch).drop("batch")
            for table in (CANDIDATE_TESTS, QUESTIONS, ORACLE_PROGRAMS, ORACLE_RESULTS)
        )
        labels = candidates.clear()
        if step.project.is_calibration(batch):
            candidates, labels = separate_labels(candidates)
        filtered = filter_tests(candidates, results, choice.min_tests, choice.policy, oracles)
        changed = step.changed(batch, questions).select("question_id")
        filtered, added, executed = improved_suites(
            step.settings, step.judge, filtered, changed, candidates, questions, oracles, results
        )
        candidates, labels = (rows.join(changed, on="question_id", how="semi") for rows in (candidates, labels))
        filtered = filtered.with_labels(labels)
        rows_in = candidates.height + labels.height + added
        yield batch, StageRows(filtered.kept, rows_in, filtered.rejected, {"programs_executed": executed})

"""Measuring on held-out questions: scores, best-of-N, programs of the trained policies, pass@1, the report."""

from collections.abc import Iterator, Mapping

import polars as pl

from acecoder_dagster import evaluation
from acecoder_dagster.data.judged_tables import judge_table, question_tests
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import (
    BENCHMARK_SCORES,
    BEST_OF_N,
    CANDIDATE_TESTS,
    FILTERED_TESTS,
    POLICY_PROGRAMS,
    POLICY_RESULTS,
    PROGRAM_SCORES,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
from acecoder_dagster.data.tests_as_rows import tests_written
from acecoder_dagster.graph.groups import EVALUATION
from acecoder_dagster.graph.inputs import LICENCE, MEASUREMENTS, PROVENANCE, chosen, entire, without
from acecoder_dagster.graph.metadata import Metadata, picture
from acecoder_dagster.graph.models import BASE_POLICY, POLICIES, REWARD_MODEL
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import StageRows, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.key_parts import prompting, scoring_by, what_counts, where_programs_run
from acecoder_dagster.graph.steps.sampling import WORK_OF_MODELS, Sampler, sample_questions
from acecoder_dagster.graph.steps.scoring import scored_programs
from acecoder_dagster.graph.steps.training_rows import counting, held_out_questions, held_out_results
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.learning.reward_model.prompts import reward_prompts
from acecoder_dagster.learning.sampling import SamplingSettings
from acecoder_dagster.settings import Settings, seeded


def _scoring(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings = project.settings
    return {**prompting(settings), "scoring": what_counts(settings.scoring)}


@table_stage(
    PROGRAM_SCORES,
    reads=(
        *without(LICENCE, chosen(QUESTIONS, FILTERED_TESTS)),
        *without(PROVENANCE, chosen(SAMPLED_PROGRAMS)),
        *entire(REWARD_MODEL),
    ),
    settings=_scoring,
    code_version="2",
    group=EVALUATION,
    kinds={"parquet", "pytorch"},
    uses_accelerator=True,
)
def program_scores(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Reward-model scores of the programs sampled for held-out questions."""
    model = step.model(REWARD_MODEL)
    assert model is not None, "a step begins only when its inputs are there"
    prompts = reward_prompts(step.settings.prompt, held_out_questions(step), model.folder)
    programs = step.read(SAMPLED_PROGRAMS).join(prompts, on="question_id")
    scores, figures = scored_programs(
        step, model.folder, programs.select("question_id", "program_id", "prompt", "program")
    )
    rows = programs.select("question_id", "program_id").join(scores, on="program_id", how="left")
    known = rows.filter(pl.col("score").is_not_null())
    yield step.batches[0], StageRows(known, rows.height, _without_score(rows), figures)


def _without_score(rows: pl.DataFrame) -> pl.DataFrame:
    unscored = rows.filter(pl.col("score").is_null())
    reason = Reason.TOO_LONG_TO_SCORE
    return rejected_rows(unscored, PROGRAM_SCORES.name, "program", reason, pl.lit(""), row_id="program_id")


def _choosing(project: OpenProject, batch: str) -> Mapping[str, object]:
    return {**scoring_by(project.settings, "best_of"), **counting(project, batch)}


def _best_of_n_curve(step: Step) -> Metadata:
    return {"curve": picture(evaluation.plot_best_of_n(step.rows_made()), "Best-of-N")}


@table_stage(
    BEST_OF_N,
    reads=(
        *without(LICENCE, chosen(QUESTIONS, FILTERED_TESTS)),
        *without((*LICENCE, *MEASUREMENTS), chosen(SAMPLED_PROGRAMS, TEST_RESULTS)),
        *entire(PROGRAM_SCORES),
    ),
    settings=_choosing,
    code_version="2",
    group=EVALUATION,
    kinds={"parquet", "polars"},
    page=_best_of_n_curve,
    publishes=True,
)
def best_of_n(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Share of held-out questions solved when the reward model chooses among N programs (paper, section 4.2)."""
    rows = evaluation.best_of_n(
        held_out_results(step),
        step.read(PROGRAM_SCORES),
        step.read(SAMPLED_PROGRAMS),
        step.read(FILTERED_TESTS),
        seeded(step.settings.evaluation, step.settings.seed),
        step.settings.tests.unsealed_passes,
    )
    yield step.batches[0], StageRows(rows, rows.height)


def _sampling(settings: Settings) -> SamplingSettings:
    return settings.sampling.model_copy(update={"programs_per_question": settings.evaluation.programs_per_question})


def _policy_sampling(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings = project.settings
    return {
        "sampling": what_counts(_sampling(settings)),
        **prompting(settings),
        "seed": settings.seed,
    }


@table_stage(
    POLICY_PROGRAMS,
    reads=(*without(LICENCE, chosen(QUESTIONS, FILTERED_TESTS)), *entire(*POLICIES)),
    settings=_policy_sampling,
    code_version="2",
    group=EVALUATION,
    kinds={"parquet", "vllm"},
    uses_accelerator=True,
)
def policy_programs(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Programs that the trained policies write for held-out questions, sampled as the base policy's were."""
    questions = held_out_questions(step)
    trained = [artifact for model in POLICIES if (artifact := step.model(model)) is not None]
    jobs = [(each.name, Sampler(each.name, str(each.folder), each.content_key), questions) for each in trained]
    sampled = sample_questions(step, jobs, _sampling(step.settings))
    rows = pl.concat([programs for programs, _ in sampled.values()])
    figures = {name: sum(each[name] for _, each in sampled.values()) for name in WORK_OF_MODELS}
    yield step.batches[0], StageRows(rows, rows.height, figures=figures)


@table_stage(
    POLICY_RESULTS,
    reads=(
        *without(LICENCE, chosen(QUESTIONS, CANDIDATE_TESTS, FILTERED_TESTS)),
        *without(PROVENANCE, entire(POLICY_PROGRAMS)),
    ),
    settings=where_programs_run,
    code_version="2",
    group=EVALUATION,
    kinds={"parquet", "docker"},
)
def policy_results(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Verdicts of the trained policies' programs."""
    programs, kept = step.read(POLICY_PROGRAMS), step.read(FILTERED_TESTS)
    tests = question_tests(held_out_questions(step), kept)
    written = tests_written(step.read(CANDIDATE_TESTS), kept)
    progress = step.progress("programs", programs.height)
    with step.judge() as judge:
        results, rejected = judge_table(judge, programs, tests, written, POLICY_RESULTS.name, progress.advance)
    yield step.batches[0], StageRows(results, programs.height, rejected, {"programs_executed": results.height})


def _baseline(settings: Settings) -> str:
    """Return the name that programs of the base policy carry."""
    return read_address(settings.base_policy.model).model if BASE_POLICY.named(settings) else BASE_POLICY.name


def _comparing(project: OpenProject, batch: str) -> Mapping[str, object]:
    return {
        **scoring_by(project.settings, "pass_at"),
        **counting(project, batch),
        "baseline": _baseline(project.settings),
    }


def _policies_compared(step: Step) -> Metadata:
    by_metric = step.rows_made().group_by("metric", maintain_order=True)
    return {f"plot {metric}": picture(evaluation.plot_policies(rows), str(metric)) for (metric,), rows in by_metric}


@table_stage(
    BENCHMARK_SCORES,
    reads=(
        *without(LICENCE, chosen(QUESTIONS, FILTERED_TESTS)),
        *without((*PROVENANCE, *MEASUREMENTS), chosen(SAMPLED_PROGRAMS, TEST_RESULTS)),
        *without((*PROVENANCE, *MEASUREMENTS), entire(POLICY_PROGRAMS, POLICY_RESULTS)),
    ),
    settings=_comparing,
    code_version="1",
    group=EVALUATION,
    kinds={"parquet", "polars"},
    page=_policies_compared,
)
def benchmark_scores(step: Step) -> Iterator[tuple[str, StageRows]]:
    """pass@k on held-out questions before and after reinforcement learning, with paired intervals by question."""
    base = _baseline(step.settings)
    before = step.read(SAMPLED_PROGRAMS).filter(pl.col("model") == base)
    programs = pl.concat([before, step.read(POLICY_PROGRAMS)])
    results = pl.concat([held_out_results(step), step.read(POLICY_RESULTS)])
    judged = results.join(programs.select("program_id"), on="program_id")
    measuring = seeded(step.settings.evaluation, step.settings.seed)
    rows = evaluation.benchmark_scores(judged, programs, base, measuring, step.settings.tests.unsealed_passes)
    yield step.batches[0], StageRows(rows, rows.height)

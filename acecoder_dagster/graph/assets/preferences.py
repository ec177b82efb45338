"""What training learns from: preference pairs for the reward model, hard questions for reinforcement."""

from collections.abc import Iterator, Mapping

import polars as pl

from acecoder_dagster.data.tables import (
    HARD_QUESTIONS,
    PREFERENCE_PAIRS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_QUALITY,
    TEST_RESULTS,
)
from acecoder_dagster.evaluation import plot_histogram
from acecoder_dagster.graph.assets.quality import test_quality
from acecoder_dagster.graph.groups import TABLES
from acecoder_dagster.graph.inputs import LICENCE, MEASUREMENTS, PROVENANCE, chosen, if_there, without
from acecoder_dagster.graph.metadata import Metadata, picture
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Check, Finding, StageRows, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.training_rows import counting
from acecoder_dagster.learning.preference import PROGRAM_COLUMNS, RESULT_COLUMNS, build_pairs, choose_hard_questions
from acecoder_dagster.questions.test_suites.quality import error_rates
from acecoder_dagster.settings import seeded


def _pair_rule(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings = project.settings
    return {
        "pairs": seeded(settings.pairs, settings.seed).model_dump(),
        **counting(project, batch),
    }


def _pairs_were_found(step: Step) -> Finding:
    return Finding(
        passed=all(partition.rows > 0 for partition in step.made),
        description="Without pairs no reward model can be trained: see rejected_by_reason; setting `pairs`",
    )


def _gaps(step: Step) -> Metadata:
    pairs = step.rows_made()
    gaps = pairs["chosen_pass_rate"] - pairs["rejected_pass_rate"]
    plot = plot_histogram(gaps, "pass rate of the chosen program minus that of the rejected one", "pairs")
    return {"pass_rate_gaps": picture(plot, "Gaps")}


@table_stage(
    PREFERENCE_PAIRS,
    reads=(
        *without(LICENCE, chosen(QUESTIONS)),
        *without((*PROVENANCE, *MEASUREMENTS), chosen(SAMPLED_PROGRAMS, TEST_RESULTS)),
        *if_there(TEST_QUALITY),
    ),
    settings=_pair_rule,
    code_version="2",
    group=TABLES,
    kinds={"parquet", "polars"},
    checks=(Check("pairs_were_found", "There are pairs to train on", _pairs_were_found),),
    page=_gaps,
    publishes=True,
)
def preference_pairs(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Pairs of programs of one question, the first better than the second (paper, equation 3, or our rule)."""
    rule = seeded(step.settings.pairs, step.settings.seed)
    if measured := error_rates(step.read(TEST_QUALITY)):
        rule = rule.model_copy(update={"error_rates": measured})
    results, programs = (
        step.read(TEST_RESULTS, columns=RESULT_COLUMNS),
        step.read(SAMPLED_PROGRAMS, columns=PROGRAM_COLUMNS),
    )
    questions = step.read(QUESTIONS)
    pairs, rejected = build_pairs(results, programs, questions, rule, step.settings.tests.unsealed_passes)
    paired = pairs["question_id"].n_unique()
    figures = {"questions_paired": paired, "pairs_per_question": round(pairs.height / max(paired, 1), 2)}
    # A question has pairs or is rejected: its pairs count as they are, the question without counts as one row.
    rows_in = pairs.height + questions.height - paired
    for batch in step.batches:
        yield batch, StageRows(pairs, rows_in, rejected, figures)


def _hard_question_rule(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings = project.settings
    return {
        "rule": settings.hard_questions.model_dump(),
        **counting(project, batch),
    }


def _questions_were_chosen(step: Step) -> Finding:
    missing = {"train", "validation"} - set(step.rows_made()["split"])
    return Finding(
        passed=not missing,
        description=f"Splits without a question: {sorted(missing) or None}. Loosen hard_questions; add batches",
    )


def _mean_pass_rates(step: Step) -> Metadata:
    rates = step.rows_made()["mean_pass_rate"]
    plot = plot_histogram(rates, "mean pass rate of a question's programs", "questions chosen")
    return {"mean_pass_rates": picture(plot, "Mean pass rates")}


@table_stage(
    HARD_QUESTIONS,
    reads=without((*LICENCE, *MEASUREMENTS), chosen(QUESTIONS, TEST_RESULTS)),
    waits_for=(test_quality,),
    settings=_hard_question_rule,
    code_version="1",
    group=TABLES,
    kinds={"parquet", "polars"},
    checks=(
        Check("questions_were_chosen", "There are questions for rollouts and for validation", _questions_were_chosen),
    ),
    page=_mean_pass_rates,
)
def hard_questions(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Questions chosen for reinforcement learning: hard ones that the base policy sometimes solves."""
    questions = step.read(QUESTIONS).filter(pl.col("split") != "test")
    settings = step.settings
    hard, rejected = choose_hard_questions(
        step.read(TEST_RESULTS), questions, settings.hard_questions, settings.tests.unsealed_passes
    )
    for batch in step.batches:
        yield batch, StageRows(hard, questions.height, rejected)

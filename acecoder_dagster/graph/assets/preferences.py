"""What training learns from: preference pairs for the reward model, hard questions for reinforcement."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.tables import (
    HARD_QUESTIONS,
    PREFERENCE_PAIRS,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_QUALITY,
    TEST_RESULTS,
)
from acecoder_dagster.evaluation import plot_histogram
from acecoder_dagster.graph.groups import DATA_OWNERS, TABLES
from acecoder_dagster.graph.metadata import picture
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import StageRows, accounted_check, run_stage
from acecoder_dagster.graph.steps.training_rows import training_rows
from acecoder_dagster.graph.steps.warehouse import publish_warehouse
from acecoder_dagster.learning.preference import PROGRAM_COLUMNS, RESULT_COLUMNS, build_pairs, choose_hard_questions
from acecoder_dagster.questions.test_suites.quality import error_rates
from acecoder_dagster.settings import seeded

PAIRS_FOUND = "pairs_were_found"
QUESTIONS_FOUND = "questions_were_chosen"


@dg.asset(
    deps=["warehouse", "test_quality"],
    group_name=TABLES,
    kinds={"parquet", "polars"},
    owners=DATA_OWNERS,
    code_version="2",
    check_specs=[
        accounted_check(PREFERENCE_PAIRS),
        dg.AssetCheckSpec(
            PAIRS_FOUND, asset="preference_pairs", blocking=True, description="There are pairs to train on"
        ),
    ],
)
def preference_pairs(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Pairs of programs of one question, the first better than the second (paper, equation 3, or our rule)."""
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        rule = seeded(settings.pairs, settings.seed)
        if measured := error_rates(project.lake.read(TEST_QUALITY)):
            rule = rule.model_copy(update={"error_rates": measured})
        results = training_rows(project, TEST_RESULTS, RESULT_COLUMNS)
        programs = training_rows(project, SAMPLED_PROGRAMS, PROGRAM_COLUMNS)
        questions = training_rows(project, QUESTIONS)
        pairs, rejected = build_pairs(results, programs, questions, rule)
        paired = pairs["question_id"].n_unique()
        figures = {"questions_paired": paired, "pairs_per_question": round(pairs.height / max(paired, 1), 2)}
        # A question has pairs or is rejected: its pairs count as they are, the question without counts as one row.
        rows_in = pairs.height + questions.height - paired
        for batch in batches:
            yield batch, StageRows(pairs, rows_in, rejected, figures)

    stage = lineage.preference_pairs(project)

    def checks(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
        publish_warehouse(project)
        pairs = pl.concat([pl.read_parquet(partition.rows_file) for partition in partitions])
        gaps = pairs["chosen_pass_rate"] - pairs["rejected_pass_rate"]
        plot = plot_histogram(gaps, "pass rate of the chosen program minus that of the rejected one", "pairs")
        context.add_asset_metadata({"pass_rate_gaps": picture(plot, "Gaps")})
        return [
            dg.AssetCheckResult(
                check_name=PAIRS_FOUND,
                passed=all(partition.rows > 0 for partition in partitions),
                description="Without pairs no reward model can be trained: see rejected_by_reason; setting `pairs`",
            )
        ]

    return run_stage(context, project, stage, compute, checks)


@dg.asset(
    deps=["warehouse", "test_quality"],
    group_name=TABLES,
    kinds={"parquet", "polars"},
    owners=DATA_OWNERS,
    code_version="1",
    check_specs=[
        accounted_check(HARD_QUESTIONS),
        dg.AssetCheckSpec(
            QUESTIONS_FOUND,
            asset="hard_questions",
            blocking=True,
            description="There are questions for rollouts and for validation",
        ),
    ],
)
def hard_questions(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Questions chosen for reinforcement learning: hard ones that the base policy sometimes solves."""
    settings = project.settings

    def compute(batches: list[str]) -> Iterator[tuple[str, StageRows]]:
        results = training_rows(project, TEST_RESULTS)
        questions = training_rows(project, QUESTIONS).filter(pl.col("split") != "test")
        chosen, rejected = choose_hard_questions(results, questions, settings.hard_questions)
        for batch in batches:
            yield batch, StageRows(chosen, questions.height, rejected)

    stage = lineage.hard_questions(project)

    def checks(partitions: list[Partition]) -> list[dg.AssetCheckResult]:
        chosen = pl.concat([pl.read_parquet(partition.rows_file) for partition in partitions])
        plot = plot_histogram(chosen["mean_pass_rate"], "mean pass rate of a question's programs", "questions chosen")
        context.add_asset_metadata({"mean_pass_rates": picture(plot, "Mean pass rates")})
        splits = set(chosen["split"])
        missing = {"train", "validation"} - splits
        return [
            dg.AssetCheckResult(
                check_name=QUESTIONS_FOUND,
                passed=not missing,
                description=f"Splits without a question: {sorted(missing) or None}. Loosen hard_questions; add batches",
            )
        ]

    return run_stage(context, project, stage, compute, checks)

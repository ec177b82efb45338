"""Reward models on standard benchmarks: how they score what models answer, and which of N answers they choose."""

from collections.abc import Iterator, Mapping

import polars as pl

from acecoder_dagster import evaluation
from acecoder_dagster.data.tables import (
    BENCHMARK_BEST_OF_N,
    BENCHMARK_PROGRAMS,
    BENCHMARK_RESULTS,
    BENCHMARK_REWARDS,
)
from acecoder_dagster.evaluation.benchmark_settings import model_name
from acecoder_dagster.evaluation.benchmarks.best_of_n import best_of_rows
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.graph.assets.benchmarks import ANSWERED
from acecoder_dagster.graph.groups import BENCHMARKS
from acecoder_dagster.graph.inputs import Input, same_batch, without
from acecoder_dagster.graph.metadata import Metadata, picture
from acecoder_dagster.graph.models import REWARD_MODEL
from acecoder_dagster.graph.partitions import benchmarked_models
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import StageRows, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.benchmark_rewards import rewarded
from acecoder_dagster.graph.steps.benchmarks import pair_of, revision_of_data, where
from acecoder_dagster.graph.steps.key_parts import prompting, scoring_by, what_counts
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.settings import Settings, seeded


def _is_asked(settings: Settings) -> bool:
    return REWARD_MODEL.name in settings.benchmarks.reward_models


def _scoring(project: OpenProject, partition: str) -> Mapping[str, object]:
    settings = project.settings
    if not settings.benchmarks.reward_models:
        return {}
    model, protocol = pair_of(settings, partition)
    return {
        "reward_models": settings.benchmarks.reward_models,
        "scoring": what_counts(settings.scoring),
        "text": protocol.styles[model.style].task_prompt,
        **prompting(settings),
    }


def _of_others(project: OpenProject, partition: str) -> Mapping[str, object]:
    """Return what identifies the texts of tasks, and the reward models that are not trained here."""
    named = project.settings.benchmarks.reward_models
    if not named:
        return {}
    others = {each: model_revision(*read_address(each)) for each in named if each != REWARD_MODEL.name}
    return {"data": revision_of_data(project.settings, partition), "reward_models": others}


@table_stage(
    BENCHMARK_REWARDS,
    reads=(*without(ANSWERED, same_batch(BENCHMARK_PROGRAMS)), Input(REWARD_MODEL, when=_is_asked)),
    settings=_scoring,
    origin=_of_others,
    code_version="1",
    partitions=benchmarked_models,
    group=BENCHMARKS,
    kinds={"parquet", "pytorch"},
    uses_accelerator=True,
)
def benchmark_rewards(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Scores by the reward models of the settings of what a model answers to a standard benchmark."""
    for partition in step.batches:
        programs = step.read(BENCHMARK_PROGRAMS, partition)
        rows, figures = rewarded(step, partition, programs)
        yield partition, StageRows(rows, rows.height, figures=figures)


def _choosing(project: OpenProject, partition: str) -> Mapping[str, object]:
    return scoring_by(project.settings, "best_of")


def _curves(step: Step) -> Metadata:
    by_pair = step.rows_made().group_by("model", "protocol", "benchmark", maintain_order=True)
    return {
        f"curve {model} {protocol} {benchmark}": picture(evaluation.plot_best_of_n(rows), f"{model} on {benchmark}")
        for (model, protocol, benchmark), rows in by_pair
    }


@table_stage(
    BENCHMARK_BEST_OF_N,
    reads=(
        *without(("verdict", "message", "base_passed", "data_revision"), same_batch(BENCHMARK_RESULTS)),
        *same_batch(BENCHMARK_REWARDS),
    ),
    settings=_choosing,
    code_version="1",
    partitions=benchmarked_models,
    group=BENCHMARKS,
    kinds={"parquet", "polars"},
    page=_curves,
    publishes=True,
)
def benchmark_best_of_n(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Share of a benchmark's tasks solved when a reward model chooses among N answers of a model, for each N."""
    measuring = seeded(step.settings.evaluation, step.settings.seed)
    for partition in step.batches:
        names = [model_name(each) for each in step.settings.benchmarks.reward_models]
        scores = step.read(BENCHMARK_REWARDS, partition)
        programs = step.read(BENCHMARK_RESULTS, partition).select("program_id", question_id="task_id", solved="passed")
        for name in names:
            of_model = scores.filter(reward_model=name).select("program_id", pl.col("score").alias(name))
            programs = programs.join(of_model, on="program_id", how="left")
        about = where(step.settings, partition)
        rows = [about | row for row in best_of_rows(programs, names, measuring)] if names else []
        frame = pl.DataFrame(rows, infer_schema_length=None) if rows else BENCHMARK_BEST_OF_N.empty()
        yield partition, StageRows(frame, frame.height)

"""Models on standard benchmarks: what they answer, whether it passes, what they score. See `evaluation.benchmarks`."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from acecoder_dagster.data.tables import BENCHMARK_PROGRAMS, BENCHMARK_RESULTS, LEADERBOARD
from acecoder_dagster.evaluation.benchmarks.dependence import (
    programs_depend_on,
    scores_depend_on,
    verdicts_depend_on,
)
from acecoder_dagster.evaluation.benchmarks.scores import Tally, score_rows
from acecoder_dagster.evaluation.plots import plot_leaderboard
from acecoder_dagster.graph.groups import BENCHMARKS
from acecoder_dagster.graph.inputs import same_batch, without
from acecoder_dagster.graph.metadata import Metadata, markdown_table, picture
from acecoder_dagster.graph.partitions import benchmarked_models
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import StageRows, Work, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.benchmarks import (
    answered,
    evaluated_models,
    judged,
    origin_of_answers,
    pair_of,
    revision_of_data,
    where,
)
from acecoder_dagster.graph.steps.key_parts import scoring_by
from acecoder_dagster.settings import seeded

ANSWERED = (
    "model_revision",
    "style",
    "temperature",
    "top_p",
    "prompt",
    "answer",
    "finish_reason",
    "prompt_tokens",
    "completion_tokens",
)
"""Columns of programs that say how they came about."""


def _asking(project: OpenProject, partition: str) -> Mapping[str, object]:
    model, protocol = pair_of(project.settings, partition)
    asked = programs_depend_on(protocol, model.style, project.settings.benchmarks.n)
    return {"kind": model.style, **asked}


@table_stage(
    BENCHMARK_PROGRAMS,
    reads=evaluated_models(),
    settings=_asking,
    origin=origin_of_answers,
    code_version="1",
    partitions=benchmarked_models,
    group=BENCHMARKS,
    kinds={"parquet", "vllm"},
    uses_accelerator=True,
    work=lambda planned: Work(model_calls=planned.questions),
)
def benchmark_programs(step: Step) -> Iterator[tuple[str, StageRows]]:
    """What a model answers to the tasks of a standard benchmark, asked as the protocol says, and its programs.

    A partition is a model and a benchmark of the settings, such as `policy_rule|paper/humaneval+`. Every answer is
    kept, so benchmarks with the same prompts are asked once.
    """
    for partition in step.batches:
        rows, figures = answered(step, partition)
        yield partition, StageRows(rows, rows.height, figures=figures)


def _judging(project: OpenProject, partition: str) -> Mapping[str, object]:
    return verdicts_depend_on(pair_of(project.settings, partition)[1])


def _tests(project: OpenProject, partition: str) -> Mapping[str, object]:
    return {"data": revision_of_data(project.settings, partition)}


@table_stage(
    BENCHMARK_RESULTS,
    reads=without(ANSWERED, same_batch(BENCHMARK_PROGRAMS)),
    settings=_judging,
    origin=_tests,
    code_version="1",
    partitions=benchmarked_models,
    group=BENCHMARKS,
    kinds={"parquet", "docker"},
    work=lambda planned: Work(programs=planned.programs),
)
def benchmark_results(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Verdicts on a model's programs by the official tests of a benchmark, and whether its references pass here."""
    for partition in step.batches:
        programs = step.read(BENCHMARK_PROGRAMS, partition)
        rows = judged(step, partition, programs)
        yield partition, StageRows(rows, programs.height, figures={"programs_executed": rows.height})


def _counting(project: OpenProject, partition: str) -> Mapping[str, object]:
    _, protocol = pair_of(project.settings, partition)
    return {**scores_depend_on(protocol), **scoring_by(project.settings)}


def _models_by_benchmark(step: Step) -> Metadata:
    """Return a plot and a table of all models and benchmarks, whenever they were evaluated."""
    scores = step.project.lake.read(LEADERBOARD).filter(pl.col("difficulty").is_null(), metric="pass@1")
    by_model = scores.pivot(
        "benchmark", index=["protocol", "model", "decoding"], values="solved", aggregate_function="first"
    )
    return {
        "scores": picture(plot_leaderboard(scores.sort("protocol", "benchmark", "model", "decoding")), "Leaderboard"),
        "leaderboard": markdown_table(by_model.sort("protocol", "model", "decoding").to_dicts()),
    }


@table_stage(
    LEADERBOARD,
    reads=without(("program_id", "verdict", "message", "base_passed", "data_revision"), same_batch(BENCHMARK_RESULTS)),
    settings=_counting,
    code_version="1",
    partitions=benchmarked_models,
    group=BENCHMARKS,
    kinds={"parquet", "polars"},
    page=_models_by_benchmark,
    publishes=True,
)
def leaderboard(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Scores of a model on a standard benchmark: pass@k with intervals, also without tasks whose reference fails."""
    for partition in step.batches:
        results = step.read(BENCHMARK_RESULTS, partition)
        by_task = results.unique("task_id", maintain_order=True)
        references = by_task.drop_nulls("reference_passed").select("task_id", "reference_passed")
        tally = Tally(
            pair_of(step.settings, partition)[1],
            results.select("task_id", "passed").rows(),
            dict(references.iter_rows()),
            dict(by_task.select("task_id", pl.col("difficulty").fill_null("")).iter_rows()),
        )
        scored = score_rows(tally, seeded(step.settings.evaluation, step.settings.seed))
        rows = [
            row | where(step.settings, partition) for name, found in scored.items() for row in _by_metric(name, found)
        ]
        frame = pl.DataFrame(rows, infer_schema_length=None)
        yield partition, StageRows(frame, frame.height)


def _by_metric(difficulty: str, found: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each pass@k that there is."""
    counted = {name: found[name] for name in ("tasks", "programs", "references", "references_passing")}
    about = {"title": found["benchmark"], "difficulty": difficulty or None, **counted}
    of_first = {"low": found["low"], "high": found["high"], "solved_reference_passes": found["pass@1_reference_passes"]}
    for name, value in found.items():
        if name.removeprefix("pass@").isdigit() and value is not None:
            others = of_first if name == "pass@1" else dict.fromkeys(of_first)
            yield {**about, "metric": name, "solved": value, **others}

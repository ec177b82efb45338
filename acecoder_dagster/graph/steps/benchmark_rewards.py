"""Lets reward models score what a model answered to a benchmark."""

from pathlib import Path

import polars as pl

from acecoder_dagster.data.tables import BENCHMARK_REWARDS
from acecoder_dagster.evaluation.benchmark_settings import model_name
from acecoder_dagster.evaluation.benchmarks import read_tasks
from acecoder_dagster.graph.models import REWARD_MODEL
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.benchmarks import pair_of, where
from acecoder_dagster.graph.steps.scoring import scored_programs
from acecoder_dagster.learning.reward_model.prompts import reward_prompts, trained_template


def rewarded(step: Step, partition: str, programs: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, float]]:
    """Let every reward model of the settings score programs, each in a worker process.

    A reward model reads a task as the model that answered did, by the prompt template of its own training; by the
    profile's where it was trained elsewhere.

    Args:
        step: the step that scores.
        partition: model and benchmark.
        programs: columns program_id, task_id, solution.

    Returns:
        Columns of BENCHMARK_REWARDS, and figures of what was scored.
    """
    model, protocol = pair_of(step.settings, partition)
    text = protocol.styles[model.style].task_prompt
    tasks = read_tasks(protocol, step.settings.benchmarks.data).tasks.values()
    questions = pl.DataFrame(
        [(task.task_id, task.texts[text].strip(), task.entry_point) for task in tasks],
        schema=dict.fromkeys(("question_id", "question", "entry_point"), pl.String),
        orient="row",
    )
    about = {name: pl.lit(value) for name, value in where(step.settings, partition).items()}
    rows, counted = [BENCHMARK_REWARDS.empty()], {"programs": 0.0, "programs_over_length": 0.0}
    for address in step.settings.benchmarks.reward_models:
        scores, figures = _scored(step, _address(step, address), questions, programs)
        named = pl.lit(model_name(address)).alias("reward_model")
        rows.append(scores.with_columns(named, **about).select(list(BENCHMARK_REWARDS.schema)))
        counted = {name: value + figures[name] for name, value in counted.items()}
    return pl.concat(rows), counted


def _address(step: Step, address: str) -> Path:
    if address != REWARD_MODEL.name:
        return Path(address)
    trained = step.model(REWARD_MODEL)
    assert trained is not None, "a step begins only when its inputs are there"
    return trained.folder


def _scored(
    step: Step, reward_model: Path, questions: pl.DataFrame, programs: pl.DataFrame
) -> tuple[pl.DataFrame, dict[str, float]]:
    """Return columns program_id, task_id and score, and what the worker reports."""
    prompts = reward_prompts(trained_template(reward_model) or step.settings.prompt, questions, reward_model)
    of_tasks = programs.select("program_id", program="solution", question_id="task_id")
    scores, figures = scored_programs(
        step, reward_model, of_tasks.join(prompts, on="question_id", maintain_order="left")
    )
    return programs.select("program_id", "task_id").join(scores, on="program_id", how="left"), figures

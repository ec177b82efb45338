"""Scoring programs with a reward model in a worker process."""

from pathlib import Path

import polars as pl

from acecoder_dagster.data.lake import content_key, text_id
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.worker_process import run_worker, workplace
from acecoder_dagster.learning.workers.specifications import ScorePrograms


def scored_programs(step: Step, reward_model: Path, programs: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, float]]:
    """Score programs.

    Args:
        step: the step that scores.
        reward_model: folder of the reward model.
        programs: columns question_id, program_id, prompt, program.

    Returns:
        Columns program_id and score, one row for each program that is not too long, and what the worker reports.
    """
    asked_for = content_key(model=str(reward_model), programs=text_id(*programs["program_id"]))
    folder = step.project.home.scratch / "scoring" / asked_for
    folder.mkdir(parents=True, exist_ok=True)
    asked, scored = folder / "programs.parquet", folder / "scores.parquet"

    def waiting() -> None:
        step.context.log.info("Another machine scores the same programs; waiting for it")

    with workplace(step, folder, waiting):
        programs.write_parquet(asked)
        settings = step.settings.scoring
        specification = ScorePrograms(model=reward_model, programs=asked, output=scored, settings=settings)
        figures = run_worker(step, specification, [folder])
    rows = pl.read_parquet(scored)
    step.project.home.store.remove([folder])
    return rows, figures

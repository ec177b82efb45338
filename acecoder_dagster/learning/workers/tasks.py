"""What each worker task does: hand its specification to the domain code, and give back the figures."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import singledispatch
from pathlib import Path
from typing import Any

import polars as pl

from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.workers import CURVE_FILE
from acecoder_dagster.learning.workers.specifications import (
    SamplePrograms,
    ScorePrograms,
    TrainBasePolicy,
    TrainPolicy,
    TrainRewardModel,
)

Figures = dict[str, Any]

TOKENIZER_TEXTS = 5_000
SCRATCH = "scratch"


@singledispatch
def run_task(specification: object, progress: Progress) -> Figures:
    """Run the task that the specification's type names and return its figures."""
    raise TypeError(f"no task takes a {type(specification).__name__}")


@run_task.register
def _(specification: TrainBasePolicy, progress: Progress) -> Figures:
    from acecoder_dagster.learning.training.scratch import create_scratch_model
    from acecoder_dagster.learning.training.supervised import train_supervised
    from acecoder_dagster.learning.workers.corpus import corpus_rows, imitation_rows, writable_references

    start = specification.output / "start"
    figures: Figures = {}
    if specification.references is None:
        rows = corpus_rows(
            specification.corpus_programs, specification.seed, specification.micro, specification.prompt_template
        )
        texts = rows.head(TOKENIZER_TEXTS).select(pl.col("prompt") + pl.col("completion")).to_series()
        create_scratch_model(texts, start, specification.scratch)
    else:
        references = pl.read_parquet(specification.references)
        texts = references.head(TOKENIZER_TEXTS).select(pl.col("prompt") + pl.col("program")).to_series()
        create_scratch_model(texts, start, specification.scratch)
        writable = writable_references(references, start, specification.longest_program)
        rows = imitation_rows(writable, specification.corpus_programs, specification.seed)
        figures = {"questions": writable.height, "questions_over_length": references.height - writable.height}
    file = specification.output / "corpus.parquet"
    rows.write_parquet(file)
    with _curve(specification.output, progress) as recorded:
        trained = train_supervised(file, str(start), specification.output, specification.supervised, recorded)
    return {**trained, **figures}


@run_task.register
def _(specification: SamplePrograms, progress: Progress) -> Figures:
    from acecoder_dagster.learning.sampling.replicas import sample_on_replicas
    from acecoder_dagster.learning.sampling.sampler import SamplingJob

    jobs = [SamplingJob(job.model, job.revision, job.prompts, job.output) for job in specification.jobs]
    return sample_on_replicas(jobs, specification.sampling, specification.seed, progress)


@run_task.register
def _(specification: TrainRewardModel, progress: Progress) -> Figures:
    from acecoder_dagster.learning.reward_model.training import train_reward_model
    from acecoder_dagster.learning.training.scratch import create_scratch_model

    backbone = specification.backbone
    if backbone == SCRATCH:
        groups = pl.read_parquet(specification.groups).head(TOKENIZER_TEXTS)
        texts = [*groups["prompt"], *groups["programs"].explode()]
        backbone = str(specification.output / "start")
        create_scratch_model(texts, Path(backbone), specification.scratch)
    with _curve(specification.output, progress) as recorded:
        return train_reward_model(
            specification.groups,
            backbone,
            specification.output,
            specification.settings,
            recorded,
            specification.prompt_template,
        )


@run_task.register
def _(specification: ScorePrograms, progress: Progress) -> Figures:
    from acecoder_dagster.learning.reward_model.scoring import score_programs

    return score_programs(
        specification.model,
        specification.programs,
        specification.output,
        specification.settings,
        lambda done, total: progress(done, total, {}),
    )


@run_task.register
def _(specification: TrainPolicy, progress: Progress) -> Figures:
    from acecoder_dagster.judge import Judge
    from acecoder_dagster.learning.policy.training import train_policy
    from acecoder_dagster.learning.sampling import extract_program
    from acecoder_dagster.learning.workers.rewards import judge_by_question

    questions = pl.read_parquet(specification.questions)
    with Judge(specification.sandbox) as judge, _curve(specification.output, progress) as recorded:
        return train_policy(
            specification.policy,
            specification.questions,
            specification.reward,
            judge_programs=judge_by_question(judge, questions),
            extract_program=extract_program,
            reward_model=specification.reward_model,
            output=specification.output,
            settings=specification.settings,
            progress=recorded,
        )


@contextmanager
def _curve(folder: Path, progress: Progress) -> Iterator[Progress]:
    """Keep every reported step in the training's folder; a continued training writes its curve on."""
    path = folder / CURVE_FILE
    last = 0
    if path.is_file():
        last = max((json.loads(line)["step"] for line in path.read_text().splitlines()), default=0)
    with path.open("a", encoding="utf-8") as file:

        def record(step: int, total: int, figures: dict[str, float]) -> None:
            if step > last:
                file.write(json.dumps({"step": step, **figures}) + "\n")
                file.flush()
            progress(step, total, figures)

        yield record

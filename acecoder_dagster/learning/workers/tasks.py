"""What each worker task does: it calls the domain code with its specification and returns the figures."""

from functools import singledispatch
from pathlib import Path
from typing import Any

import polars as pl

from acecoder_dagster.learning.model_address import SCRATCH
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.workers.curves import recorded_curves
from acecoder_dagster.learning.workers.specifications import (
    SamplePrograms,
    ScorePrograms,
    TrainBasePolicy,
    TrainPolicy,
    TrainRewardModel,
)

Figures = dict[str, Any]

TOKENIZER_TEXTS = 5_000
"""Texts from which a new tokenizer learns."""


@singledispatch
def run_task(specification: object, progress: Progress) -> Figures:
    """Run the task that a specification describes.

    Args:
        specification: One of the types of `specifications`.
        progress: Called after every step.

    Returns:
        Figures of the finished task, by name.
    """
    raise TypeError(f"no task takes a {type(specification).__name__}")


@run_task.register
def _(specification: TrainBasePolicy, progress: Progress) -> Figures:
    from acecoder_dagster.learning.training.scratch import create_scratch_model
    from acecoder_dagster.learning.training.supervised import train_supervised
    from acecoder_dagster.learning.workers.corpus import corpus_rows, imitation_rows, writable_references
    from acecoder_dagster.learning.workers.fitting import refuse_what_does_not_fit

    refuse_what_does_not_fit(specification)
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
    with recorded_curves(specification.output, progress, specification.tracked) as record:
        trained = train_supervised(file, str(start), specification.output, specification.supervised, record)
    return {**trained, **figures}


@run_task.register
def _(specification: SamplePrograms, progress: Progress) -> Figures:
    from acecoder_dagster.learning.sampling.replicas import sample_on_replicas

    return sample_on_replicas(specification.jobs, specification.sampling, specification.seed, progress)


@run_task.register
def _(specification: TrainRewardModel, progress: Progress) -> Figures:
    from acecoder_dagster.learning.reward_model.training import train_reward_model
    from acecoder_dagster.learning.training.scratch import create_scratch_model
    from acecoder_dagster.learning.workers.fitting import refuse_what_does_not_fit

    refuse_what_does_not_fit(specification)
    backbone = specification.backbone
    if backbone == SCRATCH:
        groups = pl.read_parquet(specification.groups).head(TOKENIZER_TEXTS)
        texts = [*groups["prompt"], *groups["programs"].explode()]
        backbone = str(specification.output / "start")
        create_scratch_model(texts, Path(backbone), specification.scratch)
    share = specification.unsealed_pass_share
    known: Figures = {} if share is None else {"unsealed_pass_share": share}
    with recorded_curves(specification.output, progress, specification.tracked) as record:
        trained = train_reward_model(
            specification.groups,
            backbone,
            specification.output,
            specification.settings,
            record,
            specification.prompt_template,
        )
    return {**trained, **known}


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
    from acecoder_dagster.learning.workers.fitting import refuse_what_does_not_fit
    from acecoder_dagster.learning.workers.rewards import judge_by_question

    refuse_what_does_not_fit(specification)
    questions = pl.read_parquet(specification.questions)
    with (
        Judge(specification.sandbox, specification.cluster) as judge,
        recorded_curves(specification.output, progress, specification.tracked) as record,
    ):
        return train_policy(
            specification.policy,
            specification.questions,
            specification.reward,
            judge_programs=judge_by_question(judge, questions, specification.unsealed_passes),
            extract_program=extract_program,
            reward_model=specification.reward_model,
            output=specification.output,
            settings=specification.settings,
            progress=record,
            judging=f"{specification.unsealed_passes} {specification.sandbox.seen_by_programs()}",
        )

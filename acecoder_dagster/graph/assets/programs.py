"""Programs: the model that writes them, and those it wrote."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import polars as pl

from acecoder_dagster.data.tables import FILTERED_TESTS, QUESTIONS, SAMPLED_PROGRAMS
from acecoder_dagster.graph.groups import PROGRAMS
from acecoder_dagster.graph.inputs import LABELS, LICENCE, Input, Rows, same_batch, without
from acecoder_dagster.graph.models import BASE_POLICY
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import PlannedBatch, StageRows, Work, model_stage, table_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.batch_sources import batch_source, brings_programs
from acecoder_dagster.graph.steps.key_parts import prompting, shipped_data, what_counts
from acecoder_dagster.graph.steps.sampling import base_policy_sampler, sample_questions
from acecoder_dagster.graph.steps.training_rows import tested_questions
from acecoder_dagster.learning.policy.imitation import NothingToImitateError, imitable_questions
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.workers.specifications import TrainBasePolicy
from acecoder_dagster.questions.importing import load_import
from acecoder_dagster.settings import Settings


def imitates_questions(settings: Settings) -> bool:
    """Return whether the base policy is trained on the project's own questions."""
    return BASE_POLICY.named(settings) is None and settings.base_policy.corpus == "questions"


def _base_policy_settings(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings, base = project.settings, project.settings.base_policy
    corpus = (
        {"longest_program": settings.sampling.max_tokens}
        if imitates_questions(settings)
        else {"micro": settings.micro.model_dump(), "primitives": shipped_data("questions/micro/primitives.toml")}
    )
    return {
        "scratch": what_counts(base.scratch),
        "supervised": what_counts(base.supervised),
        "corpus_programs": base.corpus_programs,
        "corpus": corpus,
        **prompting(settings),
        "seed": settings.seed,
    }


@model_stage(
    BASE_POLICY,
    reads=without(
        LICENCE, tuple(Input(table, Rows.CHOSEN, when=imitates_questions) for table in (QUESTIONS, FILTERED_TESTS))
    ),
    settings=_base_policy_settings,
    code_version="2",
    group=PROGRAMS,
    kinds={"pytorch", "huggingface"},
    uses_accelerator=True,
)
def base_policy(step: Step, folder: Path) -> TrainBasePolicy:
    """The model that samples programs and from which reinforcement starts.

    Trained from scratch on a noisy corpus in the micro profile (with base_policy.corpus = "questions": on the train
    questions of this project); a named public model elsewhere.
    """
    settings = step.settings
    base = settings.base_policy
    return TrainBasePolicy(
        output=folder,
        prompt_template=settings.prompt,
        references=_write_references(step, folder) if imitates_questions(settings) else None,
        longest_program=settings.sampling.max_tokens,
        corpus_programs=base.corpus_programs,
        seed=settings.seed,
        micro=settings.micro,
        scratch=base.scratch,
        supervised=base.supervised,
    )


def _write_references(step: Step, folder: Path) -> Path:
    try:
        questions = imitable_questions(tested_questions(step))
    except NothingToImitateError as error:
        raise dg.Failure(
            f'{error}: collect seeds of documented functions, or set base_policy.corpus = "procedural"',
            allow_retries=False,
        ) from error
    prompts = render_prompts(step.settings.prompt, questions, None)
    file = folder / "references.parquet"
    questions.join(prompts, on="question_id").select("prompt", "program").write_parquet(file)
    return file


def _is_sampled(project: OpenProject, batch: str) -> bool:
    return not brings_programs(project, batch)


def _sampling(project: OpenProject, batch: str) -> Mapping[str, object]:
    settings = project.settings
    if not _is_sampled(project, batch):
        return {}
    # The chat template that renders the prompts is a file of the model, which is in the key by its content.
    return {"sampling": what_counts(settings.sampling), **prompting(settings), "seed": settings.seed}


def _origin_of_programs(project: OpenProject, batch: str) -> Mapping[str, object]:
    return {} if _is_sampled(project, batch) else {"source": batch_source(project, batch)}


def _prompts_to_answer(planned: PlannedBatch) -> Work:
    return Work(model_calls=planned.questions if _is_sampled(planned.project, planned.batch) else 0)


@table_stage(
    SAMPLED_PROGRAMS,
    reads=(*without(LABELS, same_batch(QUESTIONS)), Input(BASE_POLICY, for_batch=_is_sampled)),
    settings=_sampling,
    origin=_origin_of_programs,
    unit="question_id",
    code_version="2",
    partitions=seed_batches,
    group=PROGRAMS,
    kinds={"parquet", "vllm"},
    uses_accelerator=True,
    takes_import=brings_programs,
    work=_prompts_to_answer,
)
def sampled_programs(step: Step) -> Iterator[tuple[str, StageRows]]:
    """Programs that the base policy wrote for every question (paper: 16 each), or those of an imported data set."""
    to_sample = [batch for batch in step.batches if _is_sampled(step.project, batch)]
    for batch in step.batches:
        if batch not in to_sample:
            imported = load_import(step.project.home.root, batch)
            rejected = imported.rejected.filter(pl.col("row_kind") == "program")
            yield batch, StageRows(imported.programs, imported.programs.height + rejected.height, rejected)
    if not to_sample:
        return
    sampler = base_policy_sampler(step)
    jobs = [(batch, sampler, step.changed(batch, step.read(QUESTIONS, batch))) for batch in to_sample]
    for batch, (programs, figures) in sample_questions(step, jobs, step.settings.sampling).items():
        yield batch, StageRows(programs, rows_in=programs.height, figures=figures)

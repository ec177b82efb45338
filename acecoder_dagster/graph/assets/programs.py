"""Programs: the model that writes them, and those it wrote."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import polars as pl

from acecoder_dagster.data.tables import QUESTIONS, SAMPLED_PROGRAMS
from acecoder_dagster.graph.groups import DATA_OWNERS, PROGRAMS, TRAINING_OWNERS
from acecoder_dagster.graph.partitions import seed_batches
from acecoder_dagster.graph.refresh import lineage
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import LeftRows, StageRows, accounted_check, run_stage_by_rows
from acecoder_dagster.graph.steps.batch_sources import brings_programs
from acecoder_dagster.graph.steps.sampling import base_policy_sampler, sample_questions
from acecoder_dagster.graph.steps.training import train_artifact
from acecoder_dagster.graph.steps.training_rows import tested_questions
from acecoder_dagster.graph.worker_process import ACCELERATOR_POOL, WORKER_RETRIES
from acecoder_dagster.learning.policy.imitation import NothingToImitateError, imitable_questions
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.workers.specifications import TrainBasePolicy
from acecoder_dagster.questions.importing import load_import


@dg.asset(
    group_name=PROGRAMS,
    kinds={"pytorch", "huggingface"},
    owners=TRAINING_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="2",
)
def base_policy(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """The model that samples programs and from which reinforcement starts.

    Trained from scratch on a noisy corpus in the micro profile (with base_policy.corpus = "questions": on the train
    questions of this project); a named public model elsewhere.
    """
    settings = project.settings
    base = settings.base_policy
    if not lineage.trains_base_policy(project):
        return dg.MaterializeResult(metadata={"model": base.model, "revision": base.revision or "unpinned"})

    def specify(folder: Path) -> TrainBasePolicy:
        references = _write_references(project, folder) if lineage.base_policy_tables(settings) else None
        return TrainBasePolicy(
            output=folder,
            prompt_template=settings.prompt,
            references=references,
            longest_program=settings.sampling.max_tokens,
            corpus_programs=base.corpus_programs,
            seed=settings.seed,
            micro=settings.micro,
            scratch=base.scratch,
            supervised=base.supervised,
        )

    return train_artifact(context, project, "base_policy", inputs=lineage.base_policy(project), specify=specify)


def _write_references(project: Project, folder: Path) -> Path:
    try:
        questions = imitable_questions(tested_questions(project))
    except NothingToImitateError as error:
        raise dg.Failure(
            f'{error}: collect seeds of documented functions, or set base_policy.corpus = "procedural"',
            allow_retries=False,
        ) from error
    prompts = render_prompts(project.settings.prompt, questions, None)
    file = folder / "references.parquet"
    questions.join(prompts, on="question_id").select("prompt", "program").write_parquet(file)
    return file


@dg.asset(
    deps=["questions", "filtered_tests", base_policy],
    partitions_def=seed_batches,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name=PROGRAMS,
    kinds={"parquet", "vllm"},
    owners=DATA_OWNERS,
    pool=ACCELERATOR_POOL,
    retry_policy=WORKER_RETRIES,
    code_version="2",
    check_specs=[accounted_check(SAMPLED_PROGRAMS)],
)
def sampled_programs(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Programs that the base policy wrote for every question (paper: 16 each), or those of an imported data set."""
    settings = project.settings

    def compute(batches: list[str], left: LeftRows) -> Iterator[tuple[str, StageRows]]:
        to_sample = []
        for batch in batches:
            if brings_programs(project, batch):
                imported = load_import(project.home.root, batch)
                rejected = imported.rejected.filter(pl.col("row_kind") == "program")
                rows_in = imported.programs.height + rejected.height
                yield batch, StageRows(imported.programs, rows_in, rejected)
            else:
                to_sample.append(batch)
        if not to_sample:
            return
        sampler = base_policy_sampler(project, settings)
        jobs = [(batch, sampler, left(batch, project.lake.read(QUESTIONS, [batch]))) for batch in to_sample]
        for batch, (programs, figures) in sample_questions(context, project, jobs, settings.sampling).items():
            yield batch, StageRows(programs, rows_in=programs.height, figures=figures)

    return run_stage_by_rows(context, project, lineage.sampled_programs(project), compute)

"""Sampling programs for tables of questions in one worker process: one start of the engine for all batches."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.lake import content_key, text_id
from acecoder_dagster.data.tables import SAMPLED_PROGRAMS
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.graph.models import BASE_POLICY
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.worker_process import run_workers, workplace
from acecoder_dagster.learning.model_address import read_address, write_address
from acecoder_dagster.learning.sampling import SamplingJob, SamplingSettings, program_rows, render_prompts
from acecoder_dagster.learning.workers.specifications import SamplePrograms

WORK_OF_MODELS = ("model_calls", "prompt_tokens", "completion_tokens")
"""Figures of what models were asked."""


@dataclass(frozen=True)
class Sampler:
    """A model that answers questions: the name its programs carry, where it lies, and which version it is."""

    name: str
    model: str
    revision: str
    hub_revision: str | None = None

    @property
    def address(self) -> str:
        """What loads exactly this version."""
        return write_address(self.model, self.hub_revision)


def base_policy_sampler(step: Step) -> Sampler:
    """Return the base policy: the model trained here, or the one of the settings."""
    if named := BASE_POLICY.named(step.settings):
        model, revision = read_address(named)
        return Sampler(model, model, model_revision(model, revision), revision)
    trained = step.model(BASE_POLICY)
    assert trained is not None, "a step begins only when its inputs are there"
    return Sampler(BASE_POLICY.name, str(trained.folder), trained.content_key)


def sample_questions(
    step: Step,
    jobs: list[tuple[str, Sampler, pl.DataFrame]],
    sampling: SamplingSettings,
) -> dict[str, tuple[pl.DataFrame, dict[str, float]]]:
    """Sample programs for several sets of questions, one after another in one process.

    Args:
        step: the step that samples.
        jobs: (name, sampler, questions) with the columns of QUESTIONS.
        sampling: how many programs and how.

    Returns:
        By name: programs (columns of SAMPLED_PROGRAMS) and figures (model_calls, tokens). Where there is no question,
        no model is started.
    """
    settings = step.settings
    sampled: dict[str, tuple[pl.DataFrame, dict[str, float]]] = {
        name: (SAMPLED_PROGRAMS.empty(), dict.fromkeys(WORK_OF_MODELS, 0.0))
        for name, _, questions in jobs
        if questions.is_empty()
    }
    jobs = [job for job in jobs if job[0] not in sampled]
    if not jobs:
        return sampled
    prompts = {name: render_prompts(settings.prompt, questions, model.address) for name, model, questions in jobs}
    cluster = settings.cluster
    parts = cluster.sampling_jobs if cluster.runs_models else 1
    with ExitStack() as stack:
        by_part = [
            [
                stack.enter_context(_job(step, sampler, name, prompts[name].gather_every(parts, part), sampling))
                for name, sampler, _ in jobs
            ]
            for part in range(parts)
        ]
        tasks = [SamplePrograms(jobs=tuple(some), sampling=sampling, seed=settings.seed) for some in by_part]
        run_workers(step, [(task, [job.output.parent for job in task.jobs]) for task in tasks])
    for (name, sampler, _), of_name in zip(jobs, zip(*by_part, strict=True), strict=True):
        completions = pl.concat(pl.read_parquet(job.output) for job in of_name).sort("question_id", "sample_index")
        rows = program_rows(completions, prompts[name], sampler.name, sampler.revision, sampling)
        tokens = {
            "model_calls": float(prompts[name].height),
            # A prompt is read once, however many programs answer it.
            "prompt_tokens": float(completions.unique("question_id")["prompt_tokens"].sum()),
            "completion_tokens": float(completions["completion_tokens"].sum()),
        }
        sampled[name] = (rows, tokens)
        step.project.home.store.remove([job.output.parent for job in of_name])
    return sampled


@contextmanager
def _job(
    step: Step, sampler: Sampler, name: str, prompts: pl.DataFrame, sampling: SamplingSettings
) -> Iterator[SamplingJob]:
    """Hold the folder of a job that answers some prompts, named by all that its programs depend on."""
    key = content_key(
        name=name,
        model=sampler.revision,
        prompts=text_id(*prompts["prompt"]),
        sampling=sampling.model_dump(exclude={"engine"}),
        seed=step.settings.seed,
    )
    folder = step.project.home.scratch / "sampling" / key
    folder.mkdir(parents=True, exist_ok=True)
    with workplace(step, folder, _waiting(step)):
        asked = folder / "prompts.parquet"
        prompts.write_parquet(asked)
        yield SamplingJob(
            model=sampler.model, revision=sampler.hub_revision, prompts=asked, output=folder / "programs.parquet"
        )


def _waiting(step: Step) -> Callable[[], None]:
    return lambda: step.context.log.info("Another machine samples the same programs; waiting for it")

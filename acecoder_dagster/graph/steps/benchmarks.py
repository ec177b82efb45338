"""A model and a benchmark of a partition: who answers, what was answered and judged, and where that is kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from filelock import FileLock

from acecoder_dagster.data.lake import text_id
from acecoder_dagster.evaluation.benchmark_settings import BenchmarkedModel
from acecoder_dagster.evaluation.benchmarks import BenchmarkError, LocalModel, Protocol, read_tasks
from acecoder_dagster.evaluation.benchmarks.answering.asked import SEED, asked_together
from acecoder_dagster.evaluation.benchmarks.evaluating import judge_samples, result_rows
from acecoder_dagster.evaluation.benchmarks.programs import Sample, answered_samples
from acecoder_dagster.evaluation.benchmarks.tasks import data_revision
from acecoder_dagster.files.model_files import model_revision
from acecoder_dagster.graph.inputs import Input, Model
from acecoder_dagster.graph.models import BENCHMARKED
from acecoder_dagster.graph.progress import RowProgress
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.sampling import Sampler
from acecoder_dagster.graph.worker_process import run_worker, workplace
from acecoder_dagster.learning.model_address import read_address
from acecoder_dagster.learning.sampling import SamplingJob, SamplingSettings
from acecoder_dagster.learning.workers.specifications import SamplePrograms
from acecoder_dagster.settings import Settings

HOW_SANDBOXES_RUN = {"launcher", "runtime", "workers", "retries"}
"""Settings of the sandbox that are the project's; what programs see is the protocol's."""


def pair_of(settings: Settings, partition: str) -> tuple[BenchmarkedModel, Protocol]:
    """Return model and benchmark of a partition.

    Raises:
        BenchmarkError: the settings do not name them (any more).
    """
    if partition not in settings.benchmarks.partitions:
        raise BenchmarkError(
            f"{partition}: benchmarks.models and benchmarks.suite do not name this model and benchmark; name them, or "
            "choose another partition"
        )
    return settings.benchmarks.partitions[partition]


def where(settings: Settings, partition: str) -> dict[str, str]:
    """Return the columns that say what the rows of a partition are about."""
    model, protocol = pair_of(settings, partition)
    decoding = "score" if settings.benchmarks.n is None else "sampled"
    return {"model": model.called, "protocol": protocol.protocol, "benchmark": protocol.name, "decoding": decoding}


def evaluated_models() -> tuple[Input, ...]:
    """Return inputs of which a partition reads the model that it is about, where it is trained here."""
    return tuple(_evaluated(model) for model in BENCHMARKED.values())


def _evaluated(model: Model) -> Input:
    def is_named(settings: Settings) -> bool:
        return any(_trained_here(settings, each) is model for each in settings.benchmarks.models)

    def is_of(project: OpenProject, partition: str) -> bool:
        return _trained_here(project.settings, pair_of(project.settings, partition)[0]) is model

    return Input(model, when=is_named, for_batch=is_of)


def _trained_here(settings: Settings, model: BenchmarkedModel) -> Model | None:
    ours = BENCHMARKED.get(model.model)
    return ours if ours is not None and ours.named(settings) is None else None


def origin_of_answers(project: OpenProject, partition: str) -> dict[str, str]:
    """Return what identifies the data of a benchmark, and the model where it is not trained here.

    Raises:
        BenchmarkError: the data is not there.
    """
    settings = project.settings
    model, _ = pair_of(settings, partition)
    data = {"data": revision_of_data(settings, partition)}
    return data if _trained_here(settings, model) else data | {"model": _named_sampler(settings, model).revision}


def revision_of_data(settings: Settings, partition: str) -> str:
    """Return what identifies the data of a benchmark.

    Raises:
        BenchmarkError: it is not there.
    """
    _, protocol = pair_of(settings, partition)
    try:
        return data_revision(protocol, settings.benchmarks.data)
    except BenchmarkError as error:
        raise BenchmarkError(f"benchmarks.data: {error}") from error


def _sampler(step: Step, model: BenchmarkedModel) -> Sampler:
    ours = _trained_here(step.settings, model)
    if ours is None:
        return _named_sampler(step.settings, model)
    trained = step.model(ours)
    assert trained is not None, "a step begins only when its inputs are there"
    return Sampler(model.called, str(trained.folder), trained.content_key)


def _named_sampler(settings: Settings, model: BenchmarkedModel) -> Sampler:
    ours = BENCHMARKED.get(model.model)
    address = (ours.named(settings) if ours else None) or model.model
    name, revision = read_address(address)
    return Sampler(model.called, name, model_revision(name, revision), revision)


def answered(step: Step, partition: str) -> tuple[pl.DataFrame, dict[str, float]]:
    """Let a model answer a benchmark in a worker process; what it answered before is not asked again.

    Returns:
        Columns of BENCHMARK_PROGRAMS, and figures of what the model was asked now.
    """
    settings = step.settings.benchmarks
    model, protocol = pair_of(step.settings, partition)
    sampler, tasks = _sampler(step, model), read_tasks(protocol, settings.data)
    (asked,) = asked_together([protocol], {protocol.address: tasks}, model.style, settings.n)
    now: list[str] = []

    with _kept(step, "answers", by_workers=True) as folder:

        def run(job: SamplingJob, sampling: SamplingSettings, _: object) -> None:
            now.extend(pl.read_parquet(job.prompts)["question_id"])
            run_worker(step, SamplePrograms(jobs=(job,), sampling=sampling, seed=SEED), [folder])

        local = LocalModel(sampler.address, step.settings.sampling.engine, run)
        answers = local.answers(asked, folder, lambda *_: None)
    samples = answered_samples(protocol, tasks, answers, model.style)
    ids = [
        text_id(protocol.protocol, protocol.name, each.task_id, sampler.name, sampler.revision, str(each.index), text)
        for each in samples
        for text in [each.program]
    ]
    rows = answers.with_columns(
        **{name: pl.lit(value) for name, value in where(step.settings, partition).items()},
        program_id=pl.Series(ids, dtype=pl.String),
        program=pl.Series([each.program for each in samples], dtype=pl.String),
        solution=pl.Series([each.solution for each in samples], dtype=pl.String),
        model_revision=pl.lit(sampler.revision),
        style=pl.lit(model.style),
        temperature=pl.lit(asked.draw.temperature),
        top_p=pl.lit(asked.draw.top_p),
    )
    asked_now = answers.filter(pl.col("task_id").is_in(now))
    figures = {
        "model_calls": float(len(now)),
        "prompt_tokens": float(asked_now.unique("task_id")["prompt_tokens"].sum()),
        "completion_tokens": float(asked_now["completion_tokens"].sum()),
    }
    return rows, figures


def judged(step: Step, partition: str, programs: pl.DataFrame) -> pl.DataFrame:
    """Judge the programs of a benchmark; verdicts that are known are taken over.

    Args:
        step: the step that judges.
        partition: model and benchmark.
        programs: columns program_id, task_id, sample_index, program, solution.

    Returns:
        Columns of BENCHMARK_RESULTS.
    """
    _, protocol = pair_of(step.settings, partition)
    tasks = read_tasks(protocol, step.settings.benchmarks.data)
    columns = ("task_id", "sample_index", "program", "solution")
    samples = [Sample(*row) for row in programs.select(columns).iter_rows()]
    how = step.settings.sandbox.model_dump(include=HOW_SANDBOXES_RUN, exclude_none=True)
    address = protocol.address
    with _kept(step, "judging", by_workers=False) as folder:
        scores = judge_samples(
            [protocol], {address: tasks}, {address: samples}, folder, how, _telling(step), step.settings.cluster
        )
    return (
        result_rows(scores)
        .drop("program")
        .with_columns(program_id=programs["program_id"])
        .with_columns(**{name: pl.lit(value) for name, value in where(step.settings, partition).items()})
    )


@contextmanager
def _kept(step: Step, name: str, *, by_workers: bool) -> Iterator[Path]:
    """Hold a folder of the project in which answers or verdicts are kept: one process at a time writes there.

    Args:
        step: the step.
        name: name of the folder.
        by_workers: whether workers write there, which may be on other machines.
    """
    folder = step.project.home.benchmarks / name
    folder.mkdir(parents=True, exist_ok=True)

    def waiting() -> None:
        step.context.log.info(f"Another machine works on {folder}; waiting for it")

    held = workplace(step, folder, waiting) if by_workers else step.project.home.store.working(folder, waiting)
    with FileLock(folder / "writing.lock"), held:
        yield folder


def _telling(step: Step) -> Callable[[str, int, int], None]:
    """Return what is told of work of several kinds, and shows how far each is."""
    counted: dict[str, tuple[RowProgress, int]] = {}

    def tell(what: str, done: int, total: int) -> None:
        progress, before = counted.get(what) or (step.progress(what, total), 0)
        counted[what] = progress, done
        progress.advance(done - before)

    return tell

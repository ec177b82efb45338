"""Sampling on several engines at the same time, each in its own process with its share of the questions."""

import logging
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty

import polars as pl

from acecoder_dagster.files import replace_file
from acecoder_dagster.learning.errors import ProcessEndedError
from acecoder_dagster.learning.processes import end_with_parent
from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.sampling.gpus import VISIBLE_GPUS, gpus_of_engines, visible_gpus
from acecoder_dagster.learning.sampling.job import SamplingJob
from acecoder_dagster.learning.sampling.sampler import sample_programs
from acecoder_dagster.learning.sampling.settings import SamplingSettings

Report = tuple[int, int, int]
"""Number of the replica, questions done, all its questions."""

SECONDS_BETWEEN_REPORTS = 1.0

_reports: "Queue[Report] | None" = None


def sample_on_replicas(
    jobs: Sequence[SamplingJob], sampling: SamplingSettings, seed: int, progress: Progress
) -> dict[str, float]:
    """Sample as `sample_programs` does, on as many engines as `sampling.engine` says.

    The completions are the same for every number of engines, up to rounding.

    Args:
        jobs: What to sample. Where the output of a job exists, the job is done.
        sampling: How many programs, how they are sampled, and by which engines.
        seed: Seed of all random choices.
        progress: Called with the number of questions done and the number of all questions.

    Returns:
        The figures of `sample_programs`, over all engines.

    Raises:
        SamplingError: A file of prompts does not exist, lacks a column or has a question twice; or there are fewer GPUs
            than the engines need.
        ProcessEndedError: The process of an engine was killed; what it has sampled is kept.
    """
    gpus = gpus_of_engines(sampling.engine, visible_gpus())
    replicas = len(gpus)
    if replicas == 1:
        return sample_programs(jobs, sampling, seed, progress)
    unfinished = [job for job in jobs if not job.output.exists()]
    shares = [[_share(job, number, replicas) for job in unfinished] for number in range(replicas)]
    context = multiprocessing.get_context("spawn")
    reports: Queue[Report] = context.Queue()
    with ProcessPoolExecutor(replicas, context, initializer=_start, initargs=(os.getpid(), reports)) as pool:
        running = [
            pool.submit(_sample_share, number, share, sampling, seed, own)
            for number, (share, own) in enumerate(zip(shares, gpus, strict=True))
        ]
        _report_sums(reports, running, replicas, progress)
        try:
            figures = [each.result() for each in running]
        except BrokenProcessPool as error:
            raise ProcessEndedError(
                "The process of a sampling engine was killed, perhaps for lack of memory. What was sampled is kept: "
                "start again, or lower sampling.engine.replicas.",
                was_killed=True,
            ) from error
    for job, *parts in zip(unfinished, *shares, strict=True):
        _join(job, parts)
    summed = {name: sum(each[name] for each in figures) for name in figures[0]}
    return {**summed, "seconds": max(each["seconds"] for each in figures)}


def _share(job: SamplingJob, number: int, replicas: int) -> SamplingJob:
    """Write every `replicas`-th prompt of a job to its own file, and return the job of that file."""
    share = replace(job, prompts=_numbered(job.prompts, number), output=_numbered(job.output, number))
    prompts = pl.read_parquet(job.prompts).gather_every(replicas, number)
    replace_file(share.prompts, prompts.write_parquet)
    return share


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.replica-{number}{path.suffix}")


def _join(job: SamplingJob, parts: Sequence[SamplingJob]) -> None:
    completions = pl.concat([pl.read_parquet(part.output) for part in parts]).sort("question_id", "sample_index")
    replace_file(job.output, completions.write_parquet)
    for part in parts:
        part.prompts.unlink()
        part.output.unlink()


def _start(parent: int, reports: "Queue[Report]") -> None:
    global _reports  # noqa: PLW0603 - the only way from a pool's initializer to its tasks
    end_with_parent(parent)
    logging.basicConfig(level=logging.ERROR)
    _reports = reports


def _sample_share(
    number: int, jobs: list[SamplingJob], sampling: SamplingSettings, seed: int, gpus: Sequence[str]
) -> dict[str, float]:
    if gpus:
        os.environ[VISIBLE_GPUS] = ",".join(gpus)

    def report(done: int, total: int, _: dict[str, float]) -> None:
        if _reports is not None:
            _reports.put((number, done, total))

    return sample_programs(jobs, sampling, seed, report)


def _report_sums(
    reports: "Queue[Report]", running: Sequence[Future[dict[str, float]]], replicas: int, progress: Progress
) -> None:
    """Report the sums over all replicas until all are done."""
    latest: dict[int, Report] = {}
    while wait(running, timeout=0).not_done:
        try:
            report = reports.get(timeout=SECONDS_BETWEEN_REPORTS)
        except Empty:
            continue
        latest[report[0]] = report
        if len(latest) == replicas:
            progress(sum(each[1] for each in latest.values()), sum(each[2] for each in latest.values()), {})

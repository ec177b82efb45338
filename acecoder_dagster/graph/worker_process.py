"""Starting worker processes through Dagster Pipes."""

import os
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
from filelock import FileLock, Timeout
from pydantic import BaseModel

from acecoder_dagster.data.store.store import FilesOf, finished_files
from acecoder_dagster.files import read_json
from acecoder_dagster.graph.cluster_jobs import lent, run_job
from acecoder_dagster.graph.step import Step
from acecoder_dagster.learning.progress import QUIET_LIBRARIES
from acecoder_dagster.learning.workers import failure_file
from acecoder_dagster.learning.workers.assignments import SPECIFICATION_FILE

ACCELERATOR_POOL = "accelerator"
"""Pool of the steps that use the GPU (or, without one, all cores); its limit is machine.trainings_at_once."""

WORKER_RETRIES = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
"""For steps with a worker: one that was killed or lost its connection goes on where it stopped. No other is retried."""

WORKER_ENVIRONMENT = {
    **QUIET_LIBRARIES,
    "PYTHONWARNINGS": "ignore",
    # Large tensors in huge pages, where the kernel gives them on request: a tenth more tokens per second on a CPU.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


LONGEST_REASON = 500
"""Characters of why a worker ended; Ray's reasons hold all that a job printed."""


def workplace(
    step: Step, folder: Path, waiting: Callable[[], None], files: FilesOf = finished_files
) -> AbstractContextManager[None]:
    """Hold a folder in which the workers of a step work, and go on where work on it ended, on whatever machine.

    Args:
        step: the step.
        folder: the folder.
        waiting: called once, when another process holds it.
        files: returns the files from which the work could go on elsewhere.
    """
    if step.settings.cluster.runs_models:
        return lent(step, folder, waiting)
    return step.project.home.store.working(folder, waiting, files)


def run_worker(step: Step, specification: BaseModel, workplaces: Sequence[Path]) -> dict[str, Any]:
    """Run a worker task in a process of its own, here or on a node of a cluster, and return the figures it reported.

    Args:
        step: the step.
        specification: what the worker does.
        workplaces: the folders in which it works, each a `workplace`.

    Raises:
        Failure: the worker ended with an error, which the description names. The step is retried only where that can
            help: the worker was killed (out of memory, a lost machine) or could not reach a server.
    """
    folder = step.project.home.scratch / f"{step.context.run_id}-{step.name}-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    task, report = type(specification).__name__, failure_file(folder / SPECIFICATION_FILE)
    try:
        if step.settings.cluster.runs_models:
            completed = run_job(step, specification, workplaces, folder, WORKER_ENVIRONMENT)
        else:
            completed = _run_here(step, specification, folder)
    except dg.Failure:
        raise
    except Exception as error:  # Dagster's error for a worker that ended badly has no public name.
        raise _failure(task, report, " ".join(str(error).split())[:LONGEST_REASON]) from error
    messages = [message for message in completed.get_custom_messages() if "figures" in message]
    if not messages:
        raise dg.Failure(f"{task} reported no figures: see its output in the log", allow_retries=False)
    step.project.home.store.remove([folder])
    figures: dict[str, Any] = messages[-1]["figures"]
    return figures


def run_workers(step: Step, tasks: Sequence[tuple[BaseModel, Sequence[Path]]]) -> list[dict[str, Any]]:
    """Run several worker tasks at the same time and return the figures of each, see `run_worker`.

    Args:
        step: the step.
        tasks: specifications, each with the folders in which its worker works.
    """
    if len(tasks) == 1:
        return [run_worker(step, *tasks[0])]
    results: list[Future[dict[str, Any]]] = [Future() for _ in tasks]

    def run(number: int) -> None:
        try:
            results[number].set_result(run_worker(step, *tasks[number]))
        except BaseException as error:
            results[number].set_exception(error)

    # Threads that nobody waits for when the step is interrupted: jobs see by themselves that they are not wanted.
    for number in range(len(tasks)):
        threading.Thread(target=run, args=(number,), name=f"worker {number}", daemon=True).start()
    return [result.result() for result in results]


def _run_here(step: Step, specification: BaseModel, folder: Path) -> dg.PipesClientCompletedInvocation:
    path = folder / SPECIFICATION_FILE
    path.write_text(specification.model_dump_json(indent=1), encoding="utf-8")
    client = dg.PipesSubprocessClient(termination_timeout_seconds=20)
    with _accelerator(step):
        return client.run(
            context=step.context.op_execution_context,
            command=[sys.executable, "-m", "acecoder_dagster.learning.workers", str(path), str(os.getpid())],
            env=WORKER_ENVIRONMENT,
        )


def _failure(task: str, report: Path, ended: str) -> dg.Failure:
    reported = read_json(report)
    if reported is None:
        what = f"{task} was killed before it could say why ({ended}); out of memory? What it finished is kept"
        return dg.Failure(what, allow_retries=True)
    report.unlink()
    return dg.Failure(f"{task}: {reported['error']}", allow_retries=reported["worth_retrying"])


@contextmanager
def _accelerator(step: Step) -> Iterator[None]:
    """Hold one of the machine's places for accelerator work.

    Dagster's pool limits the steps of one instance; this limits what happens on the project folder, whoever started it.
    """
    places, folder = step.settings.machine.trainings_at_once, step.project.home.scratch
    locks = [FileLock(folder / f"accelerator-{number}.lock") for number in range(places)]
    told = False
    while (held := _first_free(locks)) is None:
        if not told:
            step.context.log.info("Another step uses the accelerator; waiting for it (machine.trainings_at_once)")
        told = True
        time.sleep(1)
    try:
        yield
    finally:
        held.release()


def _first_free(locks: Sequence[FileLock]) -> FileLock | None:
    """Take the first lock that nobody holds and return it; None where all are held."""
    for lock in locks:
        with suppress(Timeout):
            lock.acquire(blocking=False)
            return lock
    return None

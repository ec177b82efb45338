"""The figures of a training for those who watch it in MLflow, Trackio or Weights & Biases, step by step.

accelerate has classes for these trackers. They need its state of processes, which TRL sets up and resets as it trains.
"""

import logging
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from acecoder_dagster.files import replace_text
from acecoder_dagster.learning.training.settings import Tracker
from acecoder_dagster.learning.workers.specifications import Tracked

PROJECT = "acecoder"
"""Project or experiment of all trainings, where the environment names no other."""

SECONDS_TO_LOG_IN = 60
"""In a terminal, wandb asks for a key where it finds none; a training at which nobody looks has to end all the same."""

Send = Callable[[int, Mapping[str, float]], None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Run:
    """A run that a tracker has begun or goes on with.

    Attributes:
        id: By what the tracker finds it again.
        send: Sends the figures of a step.
        end: Ends it; told whether the training failed.
    """

    id: str
    send: Send
    end: Callable[[bool], None]


@contextmanager
def sent_to_trackers(folder: Path, tracked: Tracked) -> Iterator[Send]:
    """Yield a function that sends the figures of a step. The training neither waits for trackers nor fails with them.

    Args:
        folder: Folder of the training. It keeps which runs are its own: continued, it goes on in them.
        tracked: The trackers, and what they call the run.
    """
    senders = [_Sender(name, tracked.run, folder / f"{name}.run") for name in tracked.trackers]

    def send(step: int, figures: Mapping[str, float]) -> None:
        for sender in senders:
            sender.send(step, dict(figures))

    failed = True
    try:
        yield send
        failed = False
    finally:
        for sender in senders:
            sender.end(failed=failed)


class _Sender:
    """Sends the figures of a training to one tracker, in a thread of its own: a server may take minutes to answer."""

    def __init__(self, tracker: Tracker, run: str, file: Path) -> None:
        self._tracker, self._file = tracker, file
        self._run: _Run | None = None
        self._failed_at = -math.inf
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=tracker)
        self._soon(lambda: self._begin(run))

    def send(self, step: int, figures: Mapping[str, float]) -> None:
        """Send the figures of a step soon."""
        self._soon(lambda: self._begun.send(step, figures))

    def end(self, *, failed: bool) -> None:
        """Send what still waits, and end the run."""
        self._soon(lambda: self._begun.end(failed))
        self._thread.shutdown()

    @property
    def _begun(self) -> _Run:
        assert self._run is not None, "after a run that could not begin, nothing is done"
        return self._run

    def _begin(self, run: str) -> None:
        earlier = self._file.read_text(encoding="utf-8") if self._file.is_file() else None
        self._run = _BEGIN[self._tracker](run, earlier)
        replace_text(self._file, self._run.id)

    def _soon(self, work: Callable[[], None]) -> None:
        asked = time.monotonic()

        def do() -> None:
            # What waited while a server did not answer is left out: it would wait as long again for each step.
            if asked < self._failed_at:
                return
            try:
                work()
            except BaseException as error:  # wandb may end with that of an interrupted terminal.
                self._failed(error)

        self._thread.submit(do)

    def _failed(self, error: BaseException) -> None:
        is_first = self._failed_at == -math.inf
        self._failed_at = time.monotonic() if self._run else math.inf
        if is_first:
            _log.warning(
                "%s (curves.trackers) failed and lacks steps; the training goes on, and its own page has all. %s: %s",
                self._tracker,
                type(error).__name__,
                error,
            )


def _begin_mlflow(name: str, earlier: str | None) -> _Run:
    import mlflow

    experiment = mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT))
    run = mlflow.start_run(earlier, experiment.experiment_id, name)
    return _Run(
        run.info.run_id,
        lambda step, figures: mlflow.log_metrics(dict(figures), step),
        lambda failed: mlflow.end_run("FAILED" if failed else "FINISHED"),
    )


def _begin_trackio(name: str, earlier: str | None) -> _Run:
    import trackio

    project = os.environ.get("TRACKIO_PROJECT", PROJECT)
    # Trackio finds runs by their names. Another training may have had the same.
    run = trackio.init(project, earlier or name, resume="allow" if earlier else "never")
    return _Run(run.name, lambda step, figures: run.log(dict(figures), step), lambda _: run.finish())


def _begin_wandb(name: str, earlier: str | None) -> _Run:
    import wandb

    wandb.setup(wandb.Settings(login_timeout=SECONDS_TO_LOG_IN))
    run = wandb.init(project=os.environ.get("WANDB_PROJECT", PROJECT), name=name, id=earlier, resume="allow")
    return _Run(
        run.id, lambda step, figures: run.log(dict(figures), step), lambda failed: run.finish(exit_code=int(failed))
    )


_BEGIN: Mapping[Tracker, Callable[[str, str | None], _Run]] = {
    "mlflow": _begin_mlflow,
    "trackio": _begin_trackio,
    "wandb": _begin_wandb,
}

"""Learning curves in the folder of a training: written step by step, read while it runs and when it is done."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.workers import CURVE_FILE, TENSORBOARD_FOLDER
from acecoder_dagster.learning.workers.specifications import Tracked
from acecoder_dagster.learning.workers.tensorboard import event_files
from acecoder_dagster.learning.workers.trackers import sent_to_trackers


def read_curves(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Return the figures that a training reported: by name, a list of (step, value). Empty where there are none."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for point in _points(folder):
        step = point.pop("step")
        for figure, value in point.items():
            curves.setdefault(figure, []).append((step, value))
    return curves


@contextmanager
def recorded_curves(folder: Path, progress: Progress, tracked: Tracked) -> Iterator[Progress]:
    """Give a progress function that also writes every step to the training's folder, and sends it to trackers.

    In the folder, the figures are there as JSON and for TensorBoard.

    A training that goes on from a checkpoint reports some steps again; these are not written twice.

    Args:
        folder: Folder of the training.
        progress: Called with every step as well.
        tracked: The trackers.

    Yields:
        What the training reports its steps to.
    """
    last = int(max((point["step"] for point in _points(folder)), default=0))
    events = event_files(folder / TENSORBOARD_FOLDER, last)
    trackers = sent_to_trackers(folder, tracked)
    with (folder / CURVE_FILE).open("a", encoding="utf-8") as file, events as write, trackers as send:

        def record(step: int, total: int, figures: dict[str, float]) -> None:
            if step > last:
                file.write(json.dumps({"step": step, **figures}) + "\n")
                file.flush()
                write(step, figures)
                send(step, figures)
            progress(step, total, figures)

        yield record


def _points(folder: Path) -> Iterator[dict[str, float]]:
    path = folder / CURVE_FILE
    if path.is_file():
        text = path.read_text(encoding="utf-8")
        # Of a training that runs, the last line may not be whole yet.
        yield from map(json.loads, text[: text.rfind("\n") + 1].splitlines())

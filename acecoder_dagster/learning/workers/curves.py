"""Learning curves in the folder of a training: written step by step, read when it is done."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acecoder_dagster.learning.progress import Progress
from acecoder_dagster.learning.workers import CURVE_FILE


def read_curves(folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Return the figures that a training reported: by name, a list of (step, value). Empty where there are none."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for point in _points(folder):
        step = point.pop("step")
        for figure, value in point.items():
            curves.setdefault(figure, []).append((step, value))
    return curves


@contextmanager
def recorded_curves(folder: Path, progress: Progress) -> Iterator[Progress]:
    """Give a progress function that also writes every step to the training's folder.

    A training that goes on from a checkpoint reports some steps again; these are not written twice.

    Args:
        folder: Folder of the training.
        progress: Called with every step as well.

    Yields:
        What the training reports its steps to.
    """
    last = max((point["step"] for point in _points(folder)), default=0)
    with (folder / CURVE_FILE).open("a", encoding="utf-8") as file:

        def record(step: int, total: int, figures: dict[str, float]) -> None:
            if step > last:
                file.write(json.dumps({"step": step, **figures}) + "\n")
                file.flush()
            progress(step, total, figures)

        yield record


def _points(folder: Path) -> Iterator[dict[str, float]]:
    path = folder / CURVE_FILE
    if path.is_file():
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())

"""Learning curves as trainings leave them in their folders."""

import json
from pathlib import Path

from acecoder_dagster.data.lake import replace_file
from acecoder_dagster.evaluation import Curve, plot_learning_curves
from acecoder_dagster.learning.workers import CURVE_FILE


def read_curves(folder: Path) -> dict[str, Curve]:
    """Return what a training reported, as (step, value) by the name of the figure."""
    path = folder / CURVE_FILE
    if not path.is_file():
        return {}
    curves: dict[str, list[tuple[float, float]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        point = json.loads(line)
        step = point.pop("step")
        for figure, value in point.items():
            curves.setdefault(figure, []).append((step, value))
    return dict(curves)


def draw_curves(folder: Path) -> None:
    """Write `learning_curves.png` beside a finished model."""
    picture = plot_learning_curves(read_curves(folder))
    replace_file(folder / "learning_curves.png", lambda temporary: temporary.write_bytes(picture))

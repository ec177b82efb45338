"""Learning curves as trainings leave them in their folders."""

import json
from pathlib import Path

from acecoder_dagster.learning.workers import CURVE_FILE


def read_curves(folder: Path) -> dict[str, list[tuple[float, float]]]:
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
    return curves

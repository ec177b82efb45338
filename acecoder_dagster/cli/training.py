"""A training in a terminal: progress while it is under way, curves and figures when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from acecoder_dagster.cli.printing import errors, output, print_frame, progress_bar

if TYPE_CHECKING:
    from acecoder_dagster.learning.workers.specifications import TrainPolicy, TrainRewardModel


def train_in_terminal(
    specification: TrainPolicy | TrainRewardModel, told: Sequence[str], shown: Sequence[str]
) -> dict[str, Any]:
    """Run a training in this process, draw its curves and print its figures.

    Args:
        specification: The training.
        told: Figures of a step that are shown beside the bar, where it has them.
        shown: Figures of the finished training that are printed.

    Returns:
        All figures of the finished training.
    """
    from acecoder_dagster.evaluation import plot_learning_curves
    from acecoder_dagster.files import replace_file
    from acecoder_dagster.learning.workers.curves import read_curves
    from acecoder_dagster.learning.workers.tasks import run_task

    with progress_bar(errors, "training") as bar:

        def report(step: int, total: int, figures: dict[str, float]) -> None:
            bar(step, total, "  ".join(f"{name} {figures[name]:.3g}" for name in told if name in figures))

        figures = run_task(specification, report)
    picture = plot_learning_curves(read_curves(specification.output))
    replace_file(specification.output / "learning_curves.png", lambda temporary: temporary.write_bytes(picture))
    print_frame(output, pl.DataFrame([{name: figures[name] for name in shown}]))
    return figures

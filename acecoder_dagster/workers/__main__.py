"""Entry point of a worker process: `python -m acecoder_dagster.workers SPECIFICATION.json`."""

import os
import sys
import time
import warnings
from pathlib import Path

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, PipesContext, open_dagster_pipes

from acecoder_dagster.processes import end_with_parent
from acecoder_dagster.workers.specifications import SPECIFICATION
from acecoder_dagster.workers.tasks import run_task

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_EVENTS = 15.0
TOLD = (
    "loss",
    "pair_accuracy",
    "reward",
    "pass_at_1",
    "validation_pass_at_1",
    "tokens_per_second",
    "programs_per_second",
)
"""Figures that a line of progress shows; the learning curves hold all of them."""


class PipesProgress:
    """Tells progress to the terminal every few seconds and to the run's page a little less often."""

    def __init__(self, pipes: PipesContext) -> None:
        self._pipes = pipes
        self._last_line = self._last_event = 0.0

    def __call__(self, step: int, total: int, figures: dict[str, float]) -> None:
        """Report that `step` of `total` is done."""
        now = time.monotonic()
        told = "  ".join(f"{name} {figures[name]:.3g}" for name in TOLD if name in figures)
        line = f"{step:,} of {total:,}  {told}"
        if now - self._last_line >= SECONDS_BETWEEN_LINES or step == total:
            self._last_line = now
            print(f"  {self._pipes.asset_key:<22} {line}", file=sys.stderr, flush=True)
        if now - self._last_event >= SECONDS_BETWEEN_EVENTS or step == total:
            self._last_event = now
            self._pipes.log.info(line)


def main() -> None:
    """Run the task of a specification file and report its figures to the asset that started it."""
    end_with_parent()
    warnings.simplefilter("ignore")
    specification = SPECIFICATION.validate_json(Path(sys.argv[1]).read_bytes())
    if DAGSTER_PIPES_CONTEXT_ENV_VAR not in os.environ:
        sys.exit("this program is started by Dagster; use the `acecoder` command instead")
    quiet_libraries()
    with open_dagster_pipes() as pipes:
        figures = run_task(specification, PipesProgress(pipes))
        pipes.report_custom_message({"figures": figures})


def quiet_libraries() -> None:
    """Keep the progress bars of loading and saving weights out of the terminal."""
    from transformers.utils import logging

    logging.disable_progress_bar()


if __name__ == "__main__":
    main()

"""Entry point of a worker process: `python -m acecoder_dagster.learning.workers SPECIFICATION.json PARENT`."""

import json
import logging
import os
import sys
import warnings
from pathlib import Path

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, PipesContext, open_dagster_pipes

from acecoder_dagster.learning.processes import end_with_parent
from acecoder_dagster.learning.progress import Progress, ProgressTeller
from acecoder_dagster.learning.workers import failure_file
from acecoder_dagster.learning.workers.specifications import SPECIFICATION
from acecoder_dagster.learning.workers.tasks import run_task

TOLD = (
    "loss",
    "pair_accuracy",
    "reward",
    "pass_at_1",
    "validation_pass_at_1",
    "tokens_per_second",
    "flops_share",
    "programs_per_second",
)
"""Figures that a line of progress shows; the learning curves hold all of them."""


def pipes_progress(pipes: PipesContext) -> Progress:
    """Return what tells a task's progress to the terminal and to the run's page."""
    teller = ProgressTeller(str(pipes.asset_key), pipes.log.info)

    def progress(step: int, total: int, figures: dict[str, float]) -> None:
        told = "  ".join(f"{name} {figures[name]:.3g}" for name in TOLD if name in figures)
        teller.tell(lambda: f"{step:,} of {total:,}  {told}", last=step == total)

    return progress


def main() -> None:
    """Run the task of a specification file and report its figures to the asset that started it."""
    if DAGSTER_PIPES_CONTEXT_ENV_VAR not in os.environ:
        sys.exit("this program is started by Dagster; use the `acecoder` command instead")
    specification_file, parent = sys.argv[1:]
    end_with_parent(int(parent))
    warnings.simplefilter("ignore")
    specification = SPECIFICATION.validate_json(Path(specification_file).read_bytes())
    quiet_libraries()
    with open_dagster_pipes() as pipes:
        try:
            figures = run_task(specification, pipes_progress(pipes))
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}", "may_pass": may_pass(error)}
            failure_file(Path(specification_file)).write_text(json.dumps(said), encoding="utf-8")
            raise
        pipes.report_custom_message({"figures": figures})


def may_pass(error: BaseException) -> bool:
    """Return whether the same task may succeed when it is tried again: a server could not be reached."""
    # httpx, through which models are downloaded, has errors of its own for that.
    unreachable = any(kind.__name__ == "TransportError" for kind in type(error).__mro__)
    return unreachable or isinstance(error, ConnectionError | TimeoutError)


def quiet_libraries() -> None:
    """Keep warnings of vLLM's import and the progress bars of loading weights out of the terminal."""
    from transformers.utils.logging import disable_progress_bar

    logging.basicConfig(level=logging.ERROR)
    disable_progress_bar()


if __name__ == "__main__":
    main()

"""Entry point of a worker process: `python -m acecoder_dagster.learning.workers SPECIFICATION.json PARENT`."""

import json
import logging
import os
import sys
import warnings
from pathlib import Path

from dagster_pipes import DAGSTER_PIPES_CONTEXT_ENV_VAR, PipesContext, open_dagster_pipes

import acecoder_dagster
from acecoder_dagster.learning.errors import is_worth_retrying
from acecoder_dagster.learning.processes import end_with_parent
from acecoder_dagster.learning.progress import Progress, ProgressTeller
from acecoder_dagster.learning.workers import failure_file
from acecoder_dagster.learning.workers.specifications import SPECIFICATION
from acecoder_dagster.learning.workers.tasks import run_task

SHOWN = (
    "loss",
    "pair_accuracy",
    "reward",
    "pass_at_1",
    "validation_pass_at_1",
    "tokens_per_second",
    "flops_share",
    "programs_per_second",
)
"""The figures that a line of progress shows, where a task reports them. The learning curves hold all figures."""


def pipes_progress(pipes: PipesContext) -> Progress:
    """Return a function that shows a task's progress in the terminal and on the run's page."""
    teller = ProgressTeller(str(pipes.asset_key), pipes.log.info)

    def progress(step: int, total: int, figures: dict[str, float]) -> None:
        shown = "  ".join(f"{name} {figures[name]:.3g}" for name in SHOWN if name in figures)
        teller.tell(lambda: f"{step:,} of {total:,}  {shown}", last=step == total)

    return progress


def main() -> None:
    """Run the task that a specification file describes, and report its figures to the asset that started it."""
    if DAGSTER_PIPES_CONTEXT_ENV_VAR not in os.environ:
        sys.exit("this program is started by Dagster; use the `acecoder` command instead")
    specification_file, parent = sys.argv[1:]
    end_with_parent(int(parent))
    warnings.simplefilter("ignore")
    quiet_libraries()
    with open_dagster_pipes() as pipes:
        tell_warnings(pipes)
        try:
            specification = SPECIFICATION.validate_json(Path(specification_file).read_bytes())
            figures = run_task(specification, pipes_progress(pipes))
        except Exception as error:
            report = {"error": f"{type(error).__name__}: {error}", "worth_retrying": is_worth_retrying(error)}
            failure_file(Path(specification_file)).write_text(json.dumps(report), encoding="utf-8")
            raise
        pipes.report_custom_message({"figures": figures})


def quiet_libraries() -> None:
    """Keep vLLM's warnings and transformers' progress bars out of the terminal."""
    from transformers.utils.logging import disable_progress_bar

    logging.basicConfig(level=logging.ERROR)
    disable_progress_bar()


def tell_warnings(pipes: PipesContext) -> None:
    """Put what we ourselves warn of on the run's page and into the terminal."""
    ours = logging.getLogger(acecoder_dagster.__name__)
    ours.setLevel(logging.WARNING)
    for handler in pipes.log.handlers:
        ours.addHandler(handler)


if __name__ == "__main__":
    main()

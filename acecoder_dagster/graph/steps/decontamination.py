"""Decontamination as a step of `seed_functions`: benchmarks read, seeds compared and run."""

import dagster as dg
import polars as pl

from acecoder_dagster.data.tables import REJECTED_ROWS
from acecoder_dagster.files import ImportFileError, source_revision
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.key_parts import shipped_data
from acecoder_dagster.questions.decontamination import (
    contaminated_seeds,
    executing_sandbox,
    find_contamination,
    read_benchmarks,
)

RULES = 2
"""Version of the rules by which a seed counts as contaminated; raise it when they change."""


def decontamination_key(project: OpenProject) -> dict[str, object]:
    """Return what decontamination depends on: its settings and the content of the benchmarks; nothing when it is off.

    Raises:
        Failure: a benchmark cannot be read.
    """
    settings = project.settings.decontamination
    if not settings.benchmarks:
        return {}
    try:
        revisions = [source_revision(address) for address in settings.benchmarks]
    except ImportFileError as error:
        raise dg.Failure(f"decontamination.benchmarks: {error}", allow_retries=False) from error
    executing = {
        "primitives": shipped_data("questions/decontamination/primitives.txt"),
        "sandbox": executing_sandbox(project.settings.sandbox, settings).seen_by_programs(),
    }
    return {
        "settings": settings.model_dump(exclude={"benchmarks"}),
        "benchmarks": revisions,
        "rules": RULES,
        **(executing if settings.execution else {}),
    }


def decontaminated(step: Step, seeds: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the seeds that come from no benchmark, and the others as rejected rows.

    Raises:
        Failure: a benchmark cannot be read.
    """
    settings = step.settings.decontamination
    if not settings.benchmarks:
        return seeds, REJECTED_ROWS.empty()
    try:
        benchmarks = read_benchmarks(settings)
    except ImportFileError as error:
        raise dg.Failure(f"decontamination.benchmarks: {error}", allow_retries=False) from error
    progress = step.progress("seeds", seeds.height)
    if not settings.execution:
        return contaminated_seeds(seeds, find_contamination(seeds, benchmarks, settings, None, progress.advance))
    with step.judge(executing_sandbox(step.settings.sandbox, settings)) as judge:
        return contaminated_seeds(seeds, find_contamination(seeds, benchmarks, settings, judge, progress.advance))

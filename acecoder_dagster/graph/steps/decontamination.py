"""Decontamination of seeds, as a step of `seed_functions`, and of imports, as they are read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg
import polars as pl

from acecoder_dagster.data.tables import REJECTED_ROWS
from acecoder_dagster.files import ImportFileError, source_revision
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.key_parts import shipped_data
from acecoder_dagster.judge import Judge
from acecoder_dagster.questions.decontamination import (
    Benchmarks,
    DecontaminationSettings,
    contaminated_seeds,
    executing_sandbox,
    find_contamination,
    read_benchmarks,
    without_contaminated,
)
from acecoder_dagster.questions.importing import Cleaning, ImportedTables
from acecoder_dagster.settings import Settings

RULES = 2
"""Version of the rules by which a seed counts as contaminated; raise it when they change."""


Start = Callable[[str, int], Callable[[int], None]]
"""Called with a unit and how many there are; returns what is called with how many more are done."""


def decontamination_key(project: OpenProject) -> dict[str, object]:
    """Return what decontamination depends on: its settings and the content of the benchmarks; nothing when it is off.

    Raises:
        Failure: a benchmark cannot be read.
    """
    with _read_for_dagster():
        return _key(project.settings)


def decontaminated(step: Step, seeds: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the seeds that come from no benchmark, and the others as rejected rows.

    Raises:
        Failure: a benchmark cannot be read.
    """
    settings = step.settings.decontamination
    if not settings.benchmarks:
        return seeds, REJECTED_ROWS.empty()
    with _read_for_dagster():
        benchmarks = _benchmarks(settings)
    progress = step.progress("seeds", seeds.height)
    with _judge(step.settings) as judge:
        return contaminated_seeds(seeds, find_contamination(seeds, benchmarks, settings, judge, progress.advance))


def cleaning(settings: Settings, start: Start) -> Cleaning | None:
    """Return what rejects imported questions that come from a benchmark; None where no benchmarks are named.

    Raises:
        ImportFileError: a benchmark cannot be read.
    """
    decontamination = settings.decontamination
    if not decontamination.benchmarks:
        return None

    def clean(imported: ImportedTables) -> ImportedTables:
        benchmarks = _benchmarks(decontamination)
        with _judge(settings) as judge:
            advance = start("questions compared with benchmarks", imported.questions.height)
            return without_contaminated(imported, benchmarks, decontamination, judge, advance)

    return Cleaning(_key(settings), clean)


def _key(settings: Settings) -> dict[str, object]:
    decontamination = settings.decontamination
    if not decontamination.benchmarks:
        return {}
    try:
        revisions = [source_revision(address) for address in decontamination.benchmarks]
    except ImportFileError as error:
        raise _named(error) from error
    executing = {
        "primitives": shipped_data("questions/decontamination/primitives.txt"),
        "sandbox": executing_sandbox(settings.sandbox, decontamination).seen_by_programs(),
    }
    return {
        "settings": decontamination.model_dump(exclude={"benchmarks"}),
        "benchmarks": revisions,
        "rules": RULES,
        **(executing if decontamination.execution else {}),
    }


def _benchmarks(settings: DecontaminationSettings) -> Benchmarks:
    try:
        return read_benchmarks(settings)
    except ImportFileError as error:
        raise _named(error) from error


def _named(error: ImportFileError) -> ImportFileError:
    return ImportFileError([f"decontamination.benchmarks: {problem}" for problem in error.problems])


@contextmanager
def _judge(settings: Settings) -> Iterator[Judge | None]:
    """Open a judge; none where nothing is to be run."""
    if not settings.decontamination.execution:
        yield None
        return
    with Judge(executing_sandbox(settings.sandbox, settings.decontamination), settings.cluster) as judge:
        yield judge


@contextmanager
def _read_for_dagster() -> Iterator[None]:
    try:
        yield
    except ImportFileError as error:
        raise dg.Failure(str(error), allow_retries=False) from error

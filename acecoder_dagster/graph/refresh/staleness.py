"""Which batches and tables are out of date, by content keys: what a refresh would have to compute."""

from collections.abc import Iterable
from fnmatch import fnmatch

from acecoder_dagster.graph.assets import STAGES, warehouse
from acecoder_dagster.graph.groups import TABLES
from acecoder_dagster.graph.keys import MissingInputError, is_current, stage_key
from acecoder_dagster.graph.partitions import benchmarked_models, seed_batches
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.graph.steps.warehouse import warehouse_is_current, warehouse_key

BATCH_STAGES = tuple(stage for stage in STAGES if stage.partitions is seed_batches)
"""Stages of the seed batches, in the order in which the data travels."""

BENCHMARK_STAGES = tuple(stage for stage in STAGES if stage.partitions is benchmarked_models)
"""Stages that evaluate models on standard benchmarks."""

WHOLE_STAGES = tuple(stage for stage in STAGES if stage.partitions is None and stage.makes is not None)
"""Stages that make a table out of all batches, or a model."""


def chosen_batches(project: OpenProject, patterns: Iterable[str]) -> list[str]:
    """Return the known batches whose names fit one of the patterns."""
    known = known_batches(project.home, project.settings)
    return [batch for batch in known if any(fnmatch(batch, pattern) for pattern in patterns)]


def first_stale_stage(project: OpenProject, batch: str) -> str | None:
    """Return the first stage of a batch that is out of date, with it all that follow; None when none is."""
    return next((stage.name for stage in BATCH_STAGES if not is_current(project, stage, batch)), None)


def stale_benchmarks(project: OpenProject) -> list[str]:
    """Return the pairs of a model that is there and a benchmark that are out of date."""
    return [
        partition
        for partition in project.settings.benchmarks.partitions
        if _can_be_made(project, BENCHMARK_STAGES[0], partition)
        and not all(is_current(project, stage, partition) for stage in BENCHMARK_STAGES)
    ]


def _can_be_made(project: OpenProject, stage: Stage, partition: str) -> bool:
    try:
        stage_key(project, stage, partition)
    except MissingInputError:
        return False
    return True


def stale_tables(project: OpenProject) -> list[str]:
    """Return the assets of the group `tables` that are out of date while all batches are up to date."""
    stale = [] if warehouse_is_current(project, warehouse_key(project)) else [warehouse.name]
    tables = [stage for stage in WHOLE_STAGES if stage.group == TABLES]
    return stale + [stage.name for stage in tables if not is_current(project, stage)]

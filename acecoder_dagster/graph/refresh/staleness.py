"""Which batches and tables are out of date, by content keys: what a refresh would have to compute."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatch

import dagster as dg

from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.graph.refresh.lineage import BATCH_STAGES, TABLE_STAGES, TRAININGS
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.graph.stages import Stage, stage_key
from acecoder_dagster.graph.steps.batch_sources import known_batches
from acecoder_dagster.graph.steps.training import artifact_key
from acecoder_dagster.graph.steps.warehouse import warehouse_is_current, warehouse_key

CodeVersions = Mapping[str, str]
"""Code version of every asset, by name."""


def chosen_batches(project: Project, patterns: Iterable[str]) -> list[str]:
    """Return the known batches whose names fit one of the patterns."""
    known = known_batches(project.home, project.settings)
    return [batch for batch in known if any(fnmatch(batch, pattern) for pattern in patterns)]


def first_stale_stage(project: Project, batch: str, code_versions: CodeVersions) -> str | None:
    """Return the first stage of a batch that is out of date, with it all that follow; None when none is."""
    for name, describe in BATCH_STAGES.items():
        if not is_current(project, name, describe(project), batch, code_versions):
            return name
    return None


def stale_tables(project: Project, code_versions: CodeVersions) -> list[str]:
    """Return the assets of the group `tables` that are out of date while all batches are up to date."""
    stale = [] if warehouse_is_current(project, warehouse_key(project)) else ["warehouse"]
    for name, describe in TABLE_STAGES.items():
        if not is_current(project, name, describe(project), UNPARTITIONED, code_versions):
            stale.append(name)
    return stale


def is_current(project: Project, name: str, stage: Stage, batch: str, code_versions: CodeVersions) -> bool:
    """Return whether a batch of a stage was made from its inputs, settings and code as they are now."""
    found = project.lake.current(stage.table, batch)
    if found is None:
        return False
    try:
        return found.content_key == stage_key(project, stage, batch, code_versions[name])
    except dg.Failure:
        # Something that it is made from is not there (any more): it is computed before this one.
        return False


def artifact_is_current(project: Project, name: str, code_versions: CodeVersions) -> bool:
    """Return whether a trained model was made from its inputs, settings and code as they are now."""
    found = project.home.artifacts.current(name)
    if found is None:
        return False
    try:
        return found.content_key == artifact_key(name, code_versions[name], TRAININGS[name](project))
    except dg.Failure:
        return False

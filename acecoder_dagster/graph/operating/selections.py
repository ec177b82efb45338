"""Which assets a command or a schedule runs: Dagster's selections over the graph."""

from collections.abc import Iterable

import dagster as dg

from acecoder_dagster.graph.assets import STAGES, base_policy, filtered_tests, test_quality, warehouse
from acecoder_dagster.graph.building import build_assets
from acecoder_dagster.graph.groups import DATA_GROUPS
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.steps.batch_sources import brings_programs


def data_stages(project: OpenProject, batches: Iterable[str]) -> list[str]:
    """Return the assets that bring some batches up to all that training reads.

    Batches that bring their programs need no model, so none is trained for them.
    """
    return _names(project, dg.AssetSelection.groups(*DATA_GROUPS) - _not_needed(project, batches))


def synthesis_stages(project: OpenProject) -> list[str]:
    """Return the assets from seeds to the tests that are kept, and the warehouse: all that needs no model of ours."""
    kept = dg.AssetSelection.assets(filtered_tests.name).upstream()
    return _names(project, kept | dg.AssetSelection.assets(warehouse.name))


def quality_stages(project: OpenProject, batches: Iterable[str]) -> list[str]:
    """Return the assets up to the test-quality certificate, and the warehouse."""
    measured = dg.AssetSelection.assets(test_quality.name).upstream() | dg.AssetSelection.assets(warehouse.name)
    return _names(project, measured - _not_needed(project, batches))


def _not_needed(project: OpenProject, batches: Iterable[str]) -> dg.AssetSelection:
    bring_theirs = all(brings_programs(project, batch) for batch in batches)
    return dg.AssetSelection.assets(*([base_policy.name] if bring_theirs else []))


def _names(project: OpenProject, selection: dg.AssetSelection) -> list[str]:
    """Return the names of the selected assets, in the order in which the data travels."""
    selected = {key.to_user_string() for key in selection.resolve(build_assets(STAGES, project.settings))}
    return [stage.name for stage in STAGES if stage.name in selected]

"""How assets are operated: what is the same for many of them and depends on the profile, given to all in one place."""

from collections.abc import Iterable

import dagster as dg

from acecoder_dagster.graph.operating.sensors import automation_condition
from acecoder_dagster.graph.refresh.lineage import base_policy_tables
from acecoder_dagster.settings import Settings

BASE_POLICY = dg.AssetKey("base_policy")


def operated(assets: Iterable[object], settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the assets with automation conditions, those of batches with the profile's backfill policy.

    The base policy comes after the tables that the profile trains it on; where there are none it waits for nothing, so
    that it is trained beside the tests of the questions.
    """
    batches_per_run = settings.refresh.batches_per_run
    policy = (
        dg.BackfillPolicy.single_run()
        if batches_per_run is None
        else dg.BackfillPolicy.multi_run(max_partitions_per_run=batches_per_run)
    )
    trained_on = [dg.AssetDep(table.name) for table in base_policy_tables(settings)]

    def with_tables(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(deps=[*spec.deps, *trained_on]) if spec.key == BASE_POLICY else spec

    found = []
    for each in assets:
        assert isinstance(each, dg.AssetsDefinition)
        asset = each.map_asset_specs(with_tables)
        conditions = {spec.key: condition for spec in asset.specs if (condition := automation_condition(spec))}
        partitioned = asset.partitions_def is not None
        found.append(
            asset.with_attributes(automation_condition=conditions, backfill_policy=policy if partitioned else None)
        )
    return found


def code_versions(specs: Iterable[dg.AssetSpec]) -> dict[str, str]:
    """Return the code version of every asset by name."""
    return {spec.key.to_user_string(): spec.code_version or "" for spec in specs}

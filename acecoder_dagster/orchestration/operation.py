"""How assets are operated: what is the same for many of them and depends on the profile, given to all in one place."""

from collections.abc import Iterable

import dagster as dg

from acecoder_dagster.orchestration.sensors import automation_condition
from acecoder_dagster.settings import Settings


def operated(assets: Iterable[object], settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the assets with their automation conditions, and those of batches with the profile's backfill policy."""
    batches_per_run = settings.refresh.batches_per_run
    policy = (
        dg.BackfillPolicy.single_run()
        if batches_per_run is None
        else dg.BackfillPolicy.multi_run(max_partitions_per_run=batches_per_run)
    )
    found = []
    for asset in assets:
        assert isinstance(asset, dg.AssetsDefinition)
        conditions = {spec.key: condition for spec in asset.specs if (condition := automation_condition(spec))}
        partitioned = asset.partitions_def is not None
        found.append(
            asset.with_attributes(automation_condition=conditions, backfill_policy=policy if partitioned else None)
        )
    return found


def code_versions(specs: Iterable[dg.AssetSpec]) -> dict[str, str]:
    """Return the code version of every asset by name."""
    return {spec.key.to_user_string(): spec.code_version or "" for spec in specs}

"""When an asset is materialized without being asked, while the sensor `on_arrival` is on, and when it is not fresh."""

from datetime import timedelta

import dagster as dg

from acecoder_dagster.graph.groups import TABLES
from acecoder_dagster.graph.models import BASE_POLICY
from acecoder_dagster.graph.partitions import benchmarked_models
from acecoder_dagster.graph.stages import Stage
from acecoder_dagster.settings import RefreshSettings


def automation_condition(stage: Stage) -> dg.AutomationCondition | None:  # type: ignore[type-arg]
    """Return the condition of an asset, None where it waits for its schedule or for a person.

    Batches are worked on when they are new and their inputs are there or come in the same run; the tables that put the
    batches together after every finished batch. Models are evaluated on benchmarks when they or their partition are
    new.
    """
    ready = (
        # Imported programs need no model, and a model that is missing is no reason to leave them lying.
        ~dg.AutomationCondition.any_deps_missing().ignore(dg.AssetSelection.assets(BASE_POLICY.name))
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    )
    if stage.partitions is benchmarked_models:
        # A model that was trained anew is evaluated anew; where it is the same, its partitions are up to date.
        return dg.AutomationCondition.eager()
    if stage.partitions is not None:
        return (dg.AutomationCondition.missing().newly_true().since_last_handled() & ready).with_label("new batch")
    if stage.group == TABLES:
        return dg.AutomationCondition.eager().without(~dg.AutomationCondition.any_deps_missing())
    return None


def freshness_policy(stage: Stage, settings: RefreshSettings) -> dg.FreshnessPolicy | None:
    """Return when the page calls an asset not fresh: the tables of all batches, by `refresh.stale_after_hours`."""
    if settings.stale_after_hours is None or stage.group != TABLES:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=settings.stale_after_hours))

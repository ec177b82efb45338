"""Seed batches: about 1,000 questions that travel through the graph together."""

import dagster as dg

seed_batches = dg.DynamicPartitionsDefinition(name="seed_batch")


def batches_of(context: dg.AssetExecutionContext) -> list[str]:
    """Return the batches of this step: one, or all of a backfill that runs as a single run."""
    return list(context.partition_keys)


def register_batches(instance: dg.DagsterInstance, batches: list[str]) -> list[str]:
    """Make batches known to Dagster and return those that were new."""
    assert seed_batches.name is not None
    known = set(instance.get_dynamic_partitions(seed_batches.name))
    new = [batch for batch in batches if batch not in known]
    if new:
        instance.add_dynamic_partitions(seed_batches.name, new)
    return new

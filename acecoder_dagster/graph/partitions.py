"""Seed batches: about 1,000 questions that travel through the graph together."""

from collections.abc import Iterable

import dagster as dg

seed_batches = dg.DynamicPartitionsDefinition(name="seed_batch")

RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
"""Dagster's tags for a run over a range of partitions."""


def register_batches(instance: dg.DagsterInstance, batches: list[str]) -> list[str]:
    """Make batches known to Dagster and return those that were new."""
    assert seed_batches.name is not None
    known = set(instance.get_dynamic_partitions(seed_batches.name))
    new = [batch for batch in batches if batch not in known]
    if new:
        instance.add_dynamic_partitions(seed_batches.name, new)
    return new


def registered_batches(instance: dg.DagsterInstance) -> list[str]:
    """Return the batches that Dagster knows, in its order."""
    assert seed_batches.name is not None
    return list(instance.get_dynamic_partitions(seed_batches.name))


def forget_batches(instance: dg.DagsterInstance, batches: Iterable[str]) -> None:
    """Make Dagster forget batches that their import no longer has."""
    assert seed_batches.name is not None
    for batch in batches:
        instance.delete_dynamic_partition(seed_batches.name, batch)


def range_tags(
    instance: dg.DagsterInstance, batches: Iterable[str], batches_per_run: int | None = None
) -> list[dict[str, str]]:
    """Return the tags of the runs that work on some batches: one run per range of neighbours in Dagster's order.

    Args:
        instance: knows the order.
        batches: registered batches.
        batches_per_run: longest range; any length when left out.
    """
    assert seed_batches.name is not None
    places = {batch: place for place, batch in enumerate(instance.get_dynamic_partitions(seed_batches.name))}
    ranges: list[list[str]] = []
    for batch in sorted(set(batches), key=places.__getitem__):
        follows = bool(ranges) and places[batch] == places[ranges[-1][-1]] + 1
        if follows and (batches_per_run is None or len(ranges[-1]) < batches_per_run):
            ranges[-1].append(batch)
        else:
            ranges.append([batch])
    return [dict(zip(RANGE_TAGS, (each[0], each[-1]), strict=True)) for each in ranges]

"""What tables are divided by: seed batches, and pairs of a model and a standard benchmark.

A seed batch is about 1,000 questions that travel through the graph together. Batches come and go, so Dagster is told of
them. Pairs follow from the settings alone.
"""

from collections.abc import Callable, Iterable, Sequence

import dagster as dg

from acecoder_dagster.settings import Settings

Partitions = Callable[[Settings], dg.PartitionsDefinition[str]]
"""Returns the partitions that there are under some settings."""

SEED_BATCH = "seed_batch"
"""Name of the seed batches in Dagster."""

RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
"""Dagster's tags for a run over a range of partitions."""


def seed_batches(settings: Settings) -> dg.PartitionsDefinition[str]:
    """Return the partitions of tables that are made batch by batch."""
    del settings
    return dg.DynamicPartitionsDefinition(name=SEED_BATCH)


def benchmarked_models(settings: Settings) -> dg.PartitionsDefinition[str]:
    """Return the partitions of tables that are made for each model and benchmark."""
    return dg.StaticPartitionsDefinition(list(settings.benchmarks.partitions))


def register_batches(instance: dg.DagsterInstance, batches: list[str]) -> list[str]:
    """Make batches known to Dagster and return those that were new."""
    known = set(instance.get_dynamic_partitions(SEED_BATCH))
    new = [batch for batch in batches if batch not in known]
    if new:
        instance.add_dynamic_partitions(SEED_BATCH, new)
    return new


def registered_batches(instance: dg.DagsterInstance) -> list[str]:
    """Return the batches that Dagster knows, in its order."""
    return list(instance.get_dynamic_partitions(SEED_BATCH))


def forget_batches(instance: dg.DagsterInstance, batches: Iterable[str]) -> None:
    """Make Dagster forget batches that their import no longer has."""
    for batch in batches:
        instance.delete_dynamic_partition(SEED_BATCH, batch)


def range_tags(
    known: Sequence[str], partitions: Iterable[str], partitions_per_run: int | None = None
) -> list[dict[str, str]]:
    """Return the tags of the runs that work on some partitions: one run per range of neighbours in Dagster's order.

    Args:
        known: all partitions, in this order.
        partitions: some of them.
        partitions_per_run: longest range; any length when left out.
    """
    places = {partition: place for place, partition in enumerate(known)}
    ranges: list[list[str]] = []
    for partition in sorted(set(partitions), key=places.__getitem__):
        follows = bool(ranges) and places[partition] == places[ranges[-1][-1]] + 1
        if follows and (partitions_per_run is None or len(ranges[-1]) < partitions_per_run):
            ranges[-1].append(partition)
        else:
            ranges.append([partition])
    return [dict(zip(RANGE_TAGS, (each[0], each[-1]), strict=True)) for each in ranges]

"""Batches of a project folder: where each comes from, and how those of an import or a collection are removed."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import dagster as dg

from acecoder_dagster.data.home import Home, RunError
from acecoder_dagster.data.tables import BATCH_TABLES, BENCHMARK_TABLES
from acecoder_dagster.graph.partitions import forget_batches, registered_batches
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.steps.batch_sources import procedural_batches
from acecoder_dagster.questions.importing import imported_batches, remove_import
from acecoder_dagster.questions.seeding import SeedManifest, StoredSeeds, collected_batches, remove_seeds, store_seeds

PARTITIONED_TABLES = BATCH_TABLES + BENCHMARK_TABLES

PROCEDURAL, COLLECTED, IMPORTED, LEFT_OVER = "procedural", "collected", "imported", "left over"
"""Where batches come from. Left over: nothing makes it any more, but its rows are still there and are counted."""


@dataclass(frozen=True)
class KnownBatch:
    """A batch, where it comes from, and the name of its import or collection (its own name for others)."""

    name: str
    origin: str
    of: str


def list_batches(project: OpenProject, registered: Collection[str] = ()) -> list[KnownBatch]:
    """Return all batches of the folder, those that are only left over last.

    Pairs of a model and a benchmark are batches only when they are left over: the settings name them no more.

    Args:
        project: the project.
        registered: batches that Dagster knows.
    """
    root = project.home.root
    found = [KnownBatch(batch, PROCEDURAL, batch) for batch in procedural_batches(project.settings)]
    found += [KnownBatch(batch, COLLECTED, stored.name) for batch, stored in collected_batches(root).items()]
    found += [KnownBatch(batch, IMPORTED, stored.name) for batch, stored in imported_batches(root).items()]
    known = {each.name for each in found} | set(project.settings.benchmarks.partitions)
    stored = {partition.batch for table in PARTITIONED_TABLES for partition in project.lake.partitions(table)}
    return found + [KnownBatch(batch, LEFT_OVER, batch) for batch in sorted((stored | set(registered)) - known)]


def remove_batches(project: OpenProject, instance: dg.DagsterInstance, names: Iterable[str]) -> list[str]:
    """Remove imports, collections and batches that are left over; return the batches that are gone.

    What was made of them alone goes with them; tables and models made of all batches are made anew at the next refresh.

    Raises:
        RunError: a name is none of these; nothing is removed then.
    """
    listed = list_batches(project, registered_batches(instance))
    by_name = {name: [each for each in listed if each.of == name] for name in names}
    for name, batches in by_name.items():
        _refuse_others(name, batches, listed)
    gone = [batch.name for batches in by_name.values() for batch in batches]
    # The source first: what is left over after a crash can be removed by its own name.
    for name, batches in by_name.items():
        if batches[0].origin == IMPORTED:
            remove_import(project.home.root, name)
        elif batches[0].origin == COLLECTED:
            remove_seeds(project.home.root, name)
    withdraw_batches(project.home, instance, gone)
    return gone


def withdraw_batches(home: Home, instance: dg.DagsterInstance, batches: Iterable[str]) -> None:
    """Take batches out of all tables, and make Dagster forget them."""
    for batch in batches:
        for table in PARTITIONED_TABLES:
            home.lake.withdraw(table, batch)
    forget_batches(instance, batches)


def collect(home: Home, instance: dg.DagsterInstance, manifest: SeedManifest) -> StoredSeeds:
    """Collect seeds, and withdraw batches that an earlier version of the collection had and this one has not.

    Raises:
        SeedError: see `store_seeds`; the earlier version stays as it is.
    """
    earlier = {batch for batch, stored in collected_batches(home.root).items() if stored.name == manifest.name}
    stored = store_seeds(home.root, manifest)
    withdraw_batches(home, instance, sorted(earlier - set(stored.batches)))
    return stored


def _refuse_others(name: str, batches: list[KnownBatch], listed: list[KnownBatch]) -> None:
    if not batches:
        of = next((each.of for each in listed if each.name == name), None)
        if of is not None:
            raise RunError(f"{name} is a batch of {of}: remove {of}, or bring it in again without what should go")
        there = dict.fromkeys(each.of for each in listed if each.origin != PROCEDURAL)
        raise RunError(
            f"there is no import, collection or left-over batch {name}; there are {', '.join(there) or 'none'}"
        )
    if batches[0].origin == PROCEDURAL:
        raise RunError(f"{name} is made by the profile: lower seeds.procedural_batches, then it is left over")

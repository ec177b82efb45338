"""What a seed batch is made from: its name says whether it is procedural; else it was collected or imported."""

from acecoder_dagster.data.home import Home
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.questions.importing import import_of, imported_batches
from acecoder_dagster.questions.seeding import collected_batches, collection_of
from acecoder_dagster.settings import Settings

PROCEDURAL_PREFIX = "procedural-"


def procedural_batches(settings: Settings) -> list[str]:
    """Return the names of the procedural batches of a profile."""
    return [f"{PROCEDURAL_PREFIX}{number:03}" for number in range(settings.seeds.procedural_batches)]


def known_batches(home: Home, settings: Settings) -> list[str]:
    """Return every batch of the project: the procedural ones of the profile, then those collected and imported."""
    return procedural_batches(settings) + list(collected_batches(home.root)) + list(imported_batches(home.root))


def known_partitions(home: Home, settings: Settings) -> list[str]:
    """Return every batch of the project, then every pair of a model and a benchmark."""
    return known_batches(home, settings) + list(settings.benchmarks.partitions)


def procedural_number(batch: str) -> int | None:
    """Return the number of a procedural batch, or None for any other."""
    number = batch.removeprefix(PROCEDURAL_PREFIX)
    return int(number) if number != batch and number.isdigit() else None


def batch_source(project: OpenProject, batch: str) -> str:
    """Return what identifies the origin of a batch: its name when procedural, else the key of its seeds or import.

    Raises:
        KeyError: the batch is neither procedural nor collected nor imported.
    """
    if procedural_number(batch) is not None:
        return batch
    found = collection_of(project.home.root, batch) or import_of(project.home.root, batch)
    if found is None:
        raise KeyError(f"no import and no collection has a batch {batch!r}")
    return found.content_key


def is_collected(project: OpenProject, batch: str) -> bool:
    """Return whether the batch holds collected seed functions, from which questions are to be written."""
    return collection_of(project.home.root, batch) is not None


def is_imported(project: OpenProject, batch: str) -> bool:
    """Return whether the batch belongs to an import of questions."""
    return procedural_number(batch) is None and not is_collected(project, batch)


def brings_programs(project: OpenProject, batch: str) -> bool:
    """Return whether the batch belongs to an import with programs: none are sampled for it, even if it got none."""
    found = import_of(project.home.root, batch) if is_imported(project, batch) else None
    return found is not None and found.counts["program"].kept > 0

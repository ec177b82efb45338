"""What a seed batch is made from: its name says whether it is procedural, else it was imported."""

from acecoder_dagster.home import Home
from acecoder_dagster.importing import imported_batches
from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.settings import Settings

PROCEDURAL_PREFIX = "procedural-"


def procedural_batches(settings: Settings) -> list[str]:
    """Return the names of the procedural batches of a profile."""
    return [f"{PROCEDURAL_PREFIX}{number:03}" for number in range(settings.seeds.procedural_batches)]


def known_batches(home: Home, settings: Settings) -> list[str]:
    """Return every batch of the project: the procedural ones of the profile, then the imported ones."""
    return procedural_batches(settings) + list(imported_batches(home.root))


def procedural_number(batch: str) -> int | None:
    """Return the number of a procedural batch, or None for an imported one."""
    number = batch.removeprefix(PROCEDURAL_PREFIX)
    return int(number) if number != batch and number.isdigit() else None


def batch_source(project: Project, batch: str) -> str:
    """Return what identifies the origin of a batch: its name when procedural, else the content key of its import.

    Raises:
        KeyError: the batch is neither procedural nor imported.
    """
    if procedural_number(batch) is not None:
        return batch
    return imported_batches(project.home.root)[batch].content_key


def brings_programs(project: Project, batch: str) -> bool:
    """Return whether the batch belongs to an import with programs: none are sampled for it, even if it got none."""
    if procedural_number(batch) is not None:
        return False
    return imported_batches(project.home.root)[batch].counts["program"].kept > 0

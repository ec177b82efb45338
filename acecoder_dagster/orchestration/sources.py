"""What a seed batch is made from: its name says whether it is procedural, else it was imported."""

import json

from acecoder_dagster.home import Home
from acecoder_dagster.importing import imported_batches, manifest_path
from acecoder_dagster.orchestration.resources import Project
from acecoder_dagster.settings import Settings

PROCEDURAL_PREFIX = "procedural-"


def procedural_batches(settings: Settings) -> list[str]:
    """Return the names of the procedural batches of a profile."""
    return [f"{PROCEDURAL_PREFIX}{number:03}" for number in range(settings.seeds.procedural_batches)]


def procedural_number(batch: str) -> int | None:
    """Return the number of a procedural batch, or None for an imported one."""
    number = batch.removeprefix(PROCEDURAL_PREFIX)
    return int(number) if number != batch and number.isdigit() else None


def known_batches(home: Home, settings: Settings) -> list[str]:
    """Return every batch of the project: the procedural ones of the profile, then the imported ones."""
    return procedural_batches(settings) + [imported.batch for imported in imported_batches(home.root)]


def batch_source(project: Project, batch: str) -> str:
    """Return what identifies the origin of a batch: the content key of its import, or its name.

    Raises:
        ImportFileError: the batch is neither procedural nor imported.
    """
    if procedural_number(batch) is not None:
        return batch
    stored = json.loads(manifest_path(project.home.root, batch).read_text(encoding="utf-8"))
    return str(stored["content_key"])

"""Taking in an entry of the inbox: import its files, register its batches, tell what came of it."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from acecoder_dagster.files import ImportFileError
from acecoder_dagster.graph.metadata import Metadata, markdown_table
from acecoder_dagster.graph.partitions import register_batches
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.batches import withdraw_batches
from acecoder_dagster.graph.steps.decontamination import Start, cleaning
from acecoder_dagster.questions.importing import ImportManifest, StoredImport, imported_batches, store_import
from acecoder_dagster.questions.inbox import read_entry


def bring_in(
    project: OpenProject, instance: dg.DagsterInstance, manifest: ImportManifest, start: Start
) -> StoredImport:
    """Import files, register their batches, and withdraw batches that an earlier version of the import had.

    Questions that come from a benchmark are rejected, see the setting decontamination.benchmarks.

    Args:
        project: where to.
        instance: knows the batches.
        manifest: what to import.
        start: told how far the comparison with benchmarks is.

    Raises:
        ImportFileError: a file is missing or broken; earlier imports and results stay as they are.
    """
    home = project.home
    earlier = {batch for batch, stored in imported_batches(home.root).items() if stored.name == manifest.name}
    stored = store_import(home.root, manifest, cleaning(project.settings, start))
    withdraw_batches(home, instance, sorted(earlier - set(stored.batches)))
    register_batches(instance, list(stored.batches))
    return stored


def take_in(step: Step, place: str) -> Metadata:
    """Import an entry of the inbox or a configured source and return what the asset's page tells of it.

    Raises:
        Failure: the files cannot be imported; the message lists every problem. Nothing else is affected.
    """
    project, inbox = step.project, step.settings.inbox
    try:
        manifest = read_entry(project.home.inbox(inbox.folder), inbox.sources, place)
        stored = bring_in(
            project, step.context.instance, manifest, lambda unit, total: step.progress(unit, total).advance
        )
    except ImportFileError as error:
        raise dg.Failure(
            f"{place}: {error}\nMend the file and drop it into the inbox again; other files are not affected.",
            allow_retries=False,
        ) from error
    if stored.unchanged:
        step.context.log.info(f"{place}: the same content as before, nothing is imported again")
    return {
        "taken_in": place,
        "import": stored.name,
        "unchanged": stored.unchanged,
        "batches_taken_in": list(stored.batches),
        "rows_taken_in": dg.MetadataValue.md(markdown_table(_counts(stored))),
        "rejected_by_reason": dg.MetadataValue.md(markdown_table(stored.reasons)),
    }


def _counts(stored: StoredImport) -> list[Mapping[str, Any]]:
    return [
        {"rows": kind, "read": count.rows_in, "kept": count.kept, "rejected": count.rejected}
        for kind, count in stored.counts.items()
    ]

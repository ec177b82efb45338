"""Collections on disk: `<home>/seeds` is a lake of seed functions, `<name>.json` in it names a collection's batches.

The file is replaced last: after a crash there is the old collection or the new one.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from acecoder_dagster.data.lake import Lake, content_key
from acecoder_dagster.data.tables import SEED_FUNCTIONS
from acecoder_dagster.files import read_json, replace_json, source_revision
from acecoder_dagster.questions.importing import imported_batches
from acecoder_dagster.questions.seeding.code import find_code
from acecoder_dagster.questions.seeding.collecting import CollectedSeeds, collect_seeds
from acecoder_dagster.questions.seeding.errors import SeedError
from acecoder_dagster.questions.seeding.manifest import SeedManifest

FOLDER = "seeds"
CODE_VERSION = "2"
"""Raise when the same sources would give other seeds."""


@dataclass(frozen=True)
class StoredSeeds:
    """A collection on disk. `unchanged` says that it was there already and nothing was done."""

    name: str
    content_key: str
    batches: tuple[str, ...]
    kept: int
    rejected: int
    reasons: list[dict[str, object]]
    unchanged: bool = False


def store_seeds(home: Path, manifest: SeedManifest) -> StoredSeeds:
    """Collect seeds and make them the current version of their collection, replacing an earlier one of the same name.

    Sources, manifest and code that are the same as last time are not read again.

    Raises:
        SeedError: see `collect_seeds`, or an import has this name; an earlier version stays as it is.
        ImportFileError: see `collect_seeds`.
    """
    if manifest.name in {stored.name for stored in imported_batches(home).values()}:
        raise SeedError(f"{manifest.name}: an import has this name, and its batches would have the same; take another")
    revisions = {
        **{address: find_code(address).revision for address in manifest.code},
        **{Path(address).name: source_revision(address) for address in manifest.data},
    }
    settings = manifest.model_dump(exclude={"code", "data"})
    key = content_key(revisions=revisions, settings=settings, code_version=CODE_VERSION)
    earlier = _read(_file(home, manifest.name))
    if earlier is not None and earlier.content_key == key:
        return earlier
    collected = collect_seeds(manifest)
    batches = _deal(home, manifest, collected, key)
    reasons = collected.reasons().to_dicts()
    stored = StoredSeeds(manifest.name, key, batches, collected.seeds.height, collected.rejected.height, reasons)
    replace_json(_file(home, manifest.name), asdict(stored) | {"manifest": manifest.model_dump(mode="json")})
    return stored


def collection_of(home: Path, batch: str) -> StoredSeeds | None:
    """Return the collection that has a batch; None where none has it. No other collection is looked at."""
    stored = _read(_file(home, batch.rpartition("-")[0]))
    return stored if stored is not None and batch in stored.batches else None


def collected_batches(home: Path) -> dict[str, StoredSeeds]:
    """Return all batches of all collections, in order, each with the collection it belongs to."""
    stored = [found for path in sorted((home / FOLDER).glob("*.json")) if (found := _read(path)) is not None]
    return {batch: collection for collection in stored for batch in collection.batches}


def load_seeds(home: Path, batch: str) -> CollectedSeeds:
    """Return the seeds of a batch, and what was rejected when it was collected.

    Raises:
        KeyError: when no collection has this batch.
    """
    partition = _lake(home).current(SEED_FUNCTIONS, batch) if collection_of(home, batch) else None
    if partition is None:
        raise KeyError(f"no collection of seeds has a batch {batch!r}")
    return CollectedSeeds(pl.read_parquet(partition.rows_file), pl.read_parquet(partition.rejected_file))


def remove_seeds(home: Path, name: str) -> None:
    """Remove a collection. The file that names it goes first: after a crash there is the collection or none."""
    stored = _read(_file(home, name))
    _file(home, name).unlink()
    for batch in stored.batches if stored else ():
        _lake(home).withdraw(SEED_FUNCTIONS, batch)


def _deal(home: Path, manifest: SeedManifest, collected: CollectedSeeds, key: str) -> tuple[str, ...]:
    """Write the batches; what was rejected goes to the first."""
    size = manifest.seeds_per_batch
    parts = [collected.seeds.slice(start, size) for start in range(0, max(collected.seeds.height, 1), size)]
    names = tuple(manifest.batch(number) for number in range(len(parts)))
    for name, part in zip(names, parts, strict=True):
        rejected = collected.rejected if name == names[0] else collected.rejected.clear()
        _lake(home).write(SEED_FUNCTIONS, name, part, content_key=key, rejected=rejected)
    return names


def _lake(home: Path) -> Lake:
    return Lake(home / FOLDER)


def _file(home: Path, name: str) -> Path:
    return home / FOLDER / f"{name}.json"


def _read(path: Path) -> StoredSeeds | None:
    stored = read_json(path)
    if stored is None:
        return None
    fields = {name: stored[name] for name in ("name", "content_key", "kept", "rejected", "reasons")}
    return StoredSeeds(**fields, batches=tuple(stored["batches"]), unchanged=True)

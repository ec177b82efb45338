"""Imports on disk: `<home>/imports/<name>/manifest.json` names the current version, one folder per version and batch.

A version's files never change. The manifest is replaced last: after a crash there is the old import or the new one. The
version before stays, for readers that have just opened it.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from acecoder_dagster.data.lake import content_key
from acecoder_dagster.files import ImportFileError, read_json, replace_file, replace_json, source_revision
from acecoder_dagster.questions.importing.imported import IMPORTED_TABLES, ImportedTables, RowCount
from acecoder_dagster.questions.importing.manifest import ImportManifest
from acecoder_dagster.questions.importing.reading import read_import

FOLDER = "imports"
MANIFEST = "manifest.json"
CODE_VERSION = "3"
"""Raise when the same files would give other rows."""


@dataclass(frozen=True)
class StoredImport:
    """An import on disk. `unchanged` says that it was there already and nothing was done."""

    name: str
    content_key: str
    batches: dict[str, dict[str, RowCount]]
    counts: dict[str, RowCount]
    reasons: list[dict[str, Any]]
    unchanged: bool


@dataclass(frozen=True)
class Cleaning:
    """What rejects some of the rows that were read.

    Attributes:
        key: what that depends on, by content.
        clean: moves rows to `rejected`.
    """

    key: Mapping[str, object]
    clean: Callable[[ImportedTables], ImportedTables]


def store_import(home: Path, manifest: ImportManifest, cleaning: Cleaning | None = None) -> StoredImport:
    """Read the files and make them the current version of the import, replacing an earlier one of the same name.

    Files, manifest, cleaning and code that are the same as last time are not read again.

    Raises:
        ImportFileError: see `read_import`, or no question is left; an earlier version stays as it is.
    """
    files = _file_revisions(manifest)
    cleaned = {"cleaning": cleaning.key} if cleaning else {}
    key = content_key(files=files, settings=manifest.decides(), code_version=CODE_VERSION, **cleaned)
    earlier = _current(home, manifest.name)
    if earlier is not None and earlier.content_key == key:
        return earlier
    imported = read_import(manifest)
    if cleaning:
        imported = cleaning.clean(imported)
    batches = imported.batches(manifest)
    folder = home / FOLDER / manifest.name
    for batch, tables in batches.items():
        _write_batch(folder / key / batch, tables)
    stored = StoredImport(
        manifest.name,
        key,
        {batch: tables.counts() for batch, tables in batches.items()},
        imported.counts(),
        imported.reasons().to_dicts(),
        unchanged=False,
    )
    described = {name: value for name, value in asdict(stored).items() if name != "unchanged"}
    replace_json(folder / MANIFEST, described | {"manifest": manifest.model_dump(mode="json"), "files": files})
    _remove_versions(folder, keep={key, earlier.content_key if earlier else key})
    return stored


def load_import(home: Path, batch: str) -> ImportedTables:
    """Return the imported rows of one batch.

    Raises:
        KeyError: when no import has this batch.
    """
    stored = import_of(home, batch)
    if stored is None:
        raise KeyError(f"no import has a batch {batch!r}; imported are {', '.join(imported_batches(home)) or 'none'}")
    folder = home / FOLDER / stored.name / stored.content_key / batch
    # Conformed: an import from before a table got its latest column has the column's default.
    frames = {name: table.conform(pl.read_parquet(_rows_file(folder, name))) for name, table in IMPORTED_TABLES.items()}
    return ImportedTables(**frames)


def import_of(home: Path, batch: str) -> StoredImport | None:
    """Return the import that has a batch; None where none has it. No other import is looked at."""
    stored = _current(home, batch.rpartition("-")[0])
    return stored if stored is not None and batch in stored.batches else None


def imported_batches(home: Path) -> dict[str, StoredImport]:
    """Return all batches of all imports, in order, each with the import it belongs to."""
    names = sorted(path.parent.name for path in (home / FOLDER).glob(f"*/{MANIFEST}"))
    imports = [stored for name in names if (stored := _current(home, name)) is not None]
    return {batch: stored for stored in imports for batch in stored.batches}


def remove_import(home: Path, name: str) -> None:
    """Remove an import. Its manifest goes first: after a crash there is the import or none."""
    folder = home / FOLDER / name
    (folder / MANIFEST).unlink()
    shutil.rmtree(folder)


def _file_revisions(manifest: ImportManifest) -> list[tuple[str, str, str]]:
    """Return role, name and revision of every file: neither its folder nor its date matters."""
    problems: list[str] = []
    revisions: list[tuple[str, str, str]] = []
    for role in ("questions", "generated_tests", "programs"):
        for address in getattr(manifest, role):
            try:
                revisions.append((role, Path(address).name, source_revision(address)))
            except ImportFileError as error:
                problems.extend(error.problems)
    if problems:
        raise ImportFileError(problems)
    return revisions


def _current(home: Path, name: str) -> StoredImport | None:
    stored = read_json(home / FOLDER / name / MANIFEST)
    if stored is None:
        return None
    batches = {batch: _counts(counts) for batch, counts in stored["batches"].items()}
    counts = _counts(stored["counts"])
    return StoredImport(stored["name"], stored["content_key"], batches, counts, stored["reasons"], unchanged=True)


def _counts(stored: dict[str, dict[str, int]]) -> dict[str, RowCount]:
    return {kind: RowCount(**count) for kind, count in stored.items()}


def _write_batch(folder: Path, tables: ImportedTables) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in IMPORTED_TABLES:
        frame: pl.DataFrame = getattr(tables, name)
        replace_file(_rows_file(folder, name), partial(frame.write_parquet, compression="zstd"))


def _rows_file(folder: Path, name: str) -> Path:
    return folder / f"{IMPORTED_TABLES[name].name}.parquet"


def _remove_versions(folder: Path, keep: set[str]) -> None:
    for version in folder.iterdir():
        if version.is_dir() and version.name not in keep:
            shutil.rmtree(version)

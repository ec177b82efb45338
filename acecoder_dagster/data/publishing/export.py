"""Writes the data set for publication: Parquet files and a data card. The folder appears when all of it is written."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from acecoder_dagster.data.publishing.card import CardTables, render_card
from acecoder_dagster.data.publishing.errors import PublishingError
from acecoder_dagster.data.publishing.licences import decide_licences
from acecoder_dagster.data.tables import ACECODE_DATASET, PREFERENCE_PAIRS
from acecoder_dagster.data.warehouse import WarehouseReader, export_sql, named_queries, open_warehouse
from acecoder_dagster.files import replace_file

TABLES = (ACECODE_DATASET.name, PREFERENCE_PAIRS.name)

QUALITY_QUERIES = (
    "pass_at_k",
    "pass_rates_by_difficulty",
    "never_or_always_discriminating_tests",
    "flaky_tests",
    "pair_yield",
    "pair_gaps",
)
"""Named queries whose answers the card shows."""


@dataclass(frozen=True)
class ExportedDataset:
    """What was written: rows by source and split, and what was decided about each licence."""

    folder: Path
    rows: pl.DataFrame
    licences: pl.DataFrame


def export_dataset(
    warehouse: Path, folder: Path, declared: Mapping[str, str], *, permissive_only: bool
) -> ExportedDataset:
    """Write `acecode_dataset` and `preference_pairs`, one Parquet file per split, and README.md, the data card.

    All files come from one state of the warehouse.

    Args:
        warehouse: the DuckDB file.
        folder: folder to make.
        declared: SPDX licence by source or model, for rows whose own words are no licence.
        permissive_only: leave out what no permissive licence covers.

    Raises:
        PublishingError: the folder has something in it, a licence is unknown, or nothing is left to publish.
        WarehouseError: there is no warehouse, or it cannot be read.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PublishingError(f"{folder} is there already: name another folder, or delete it first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open_warehouse(warehouse, folders=[folder.parent]) as reader:
        found = reader.rows(_sql("licences"))
        if found.is_empty():
            raise PublishingError("there is nothing to publish: materialize acecode_dataset first")
        decisions = decide_licences(found, declared, permissive_only=permissive_only)
        if not decisions.filter("published", kind="question").height:
            raise PublishingError("no question has a permissive licence: nothing is left to publish")
        reader.register("decisions", decisions)
        writing = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            rows = _write(reader, writing, folder.name, decisions)
            writing.chmod(0o755)
            writing.replace(folder)
        finally:
            shutil.rmtree(writing, ignore_errors=True)
    return ExportedDataset(folder, rows, decisions)


def _write(reader: WarehouseReader, folder: Path, name: str, decisions: pl.DataFrame) -> pl.DataFrame:
    splits = reader.rows(_sql("splits"))["split"].to_list()
    columns = {}
    for table in TABLES:
        (folder / table).mkdir()
        for split in splits:
            path = folder / table / f"{split}.parquet"
            replace_file(path, partial(reader.write, _sql(table), file_format="parquet", values={"split": split}))
            columns[table] = list(pl.read_parquet_schema(path))
    files = {
        "dataset_files": str(folder / TABLES[0] / "*.parquet"),
        "pair_files": str(folder / TABLES[1] / "*.parquet"),
    }
    rows = reader.rows(_sql("rows"), files)
    queries = named_queries()
    tables = CardTables(
        rows=rows,
        licences=decisions,
        models=reader.rows(_sql("models")),
        filters=reader.rows(_sql("filters")),
        settings=reader.rows(_sql("settings")),
        quality={queries[name].description: reader.rows(queries[name].sql) for name in QUALITY_QUERIES},
    )
    (folder / "README.md").write_text(render_card(name, splits, columns, tables), encoding="utf-8")
    return rows


def _sql(name: str) -> str:
    return export_sql(f"published/{name}")

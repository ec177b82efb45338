"""The data card: what is in a published data set, under which licences, filtered how, how good."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from string import Template

import polars as pl

from acecoder_dagster.data.markdown import markdown_table
from acecoder_dagster.data.tables import ACECODE_DATASET, PREFERENCE_PAIRS

TEMPLATE = Path(__file__).with_name("card.md")

PAIR_COLUMNS = {
    "id": "Pair",
    "instruction": "The question",
    "input": "Empty, as in the published data set",
    "chosen": "The better program",
    "rejected": "The worse program",
    "source": "Source of the question",
    "chosen_model": "Model that wrote the better program",
    "rejected_model": "Model that wrote the worse program",
    "licence": "Licence of the question",
    "chosen_licence": "Licence of the better program",
    "rejected_licence": "Licence of the worse program",
}
"""Meanings of the columns of the published pairs that the data model does not have, or calls otherwise."""


@dataclass(frozen=True)
class CardTables:
    """What the card tells in tables; `quality` by title."""

    rows: pl.DataFrame
    licences: pl.DataFrame
    models: pl.DataFrame
    filters: pl.DataFrame
    settings: pl.DataFrame
    quality: Mapping[str, pl.DataFrame]


def render_card(folder: str, splits: Sequence[str], columns: Mapping[str, Sequence[str]], tables: CardTables) -> str:
    """Return the card as Markdown with the header that the Hugging Face hub reads.

    Args:
        folder: name of the folder that holds it.
        splits: splits, each a file of both tables.
        columns: names of the columns of each table, as they were written.
        tables: what it tells.
    """
    dataset_columns = {column.name: column.description for column in ACECODE_DATASET.columns}
    pair_columns = {column.name: column.description for column in PREFERENCE_PAIRS.columns} | PAIR_COLUMNS
    published = tables.licences.filter("published")["published_as"].unique().sort()
    some_left_out = tables.rows.select(pl.sum_horizontal(pl.col("^.*_left_out$").sum())).item() > 0
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        hub_licences=json.dumps([_hub_licence(expression) for expression in published]),
        configs="\n".join(_config(name, splits) for name in columns),
        date=datetime.now(UTC).date().isoformat(),
        version=version("acecoder-dagster"),
        folder=folder,
        left_out="What no permissive licence covers was left out." if some_left_out else "Nothing was left out.",
        rows=_shown(tables.rows),
        dataset_columns=_column_table(columns[ACECODE_DATASET.name], dataset_columns),
        pair_columns=_column_table(columns[PREFERENCE_PAIRS.name], pair_columns),
        models=_shown(tables.models),
        licences=_shown(tables.licences),
        filters=_shown(tables.filters),
        settings=_shown(tables.settings),
        quality="\n\n".join(f"### {title}\n\n{_shown(rows)}" for title, rows in tables.quality.items()),
    )


def _shown(rows: pl.DataFrame) -> str:
    """Return rows as a Markdown table, or that there are none."""
    return markdown_table(rows.columns, (list(map(_cell, row)) for row in rows.iter_rows())) if rows.height else "None."


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return str(value)


def _column_table(names: Sequence[str], described: Mapping[str, str]) -> str:
    return _shown(pl.DataFrame({"column": names, "meaning": [described[name] for name in names]}))


def _config(table: str, splits: Sequence[str]) -> str:
    files = "\n".join(f"  - split: {split}\n    path: {table}/{split}.parquet" for split in splits)
    return f"- config_name: {table}\n  data_files:\n{files}"


def _hub_licence(expression: str) -> str:
    """Return the hub's word for a licence: SPDX in small letters, `other` for what has more than one part."""
    return expression.lower() if re.fullmatch(r"[\w.-]+", expression) else "other"

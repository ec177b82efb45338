"""What an asset's page shows: row counts, schema, reasons of rejection, files, plots."""

import base64
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from acecoder_dagster.data.lake import Partition
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import Table
from acecoder_dagster.evaluation import plot_reasons
from acecoder_dagster.paths import project_folder

Metadata = dict[str, Any]
"""Metadata of a materialization: plain values and Dagster's metadata values, by name."""

WORK_FIGURES = {
    "seconds",
    "programs_executed",
    "tests_executed",
    "model_calls",
    "prompt_tokens",
    "completion_tokens",
}
"""Figures of what a run did, as opposed to what its rows are."""

PREVIEW_ROWS = 5
PREVIEW_WIDTH = 80


def table_schema_metadata(table: Table) -> Metadata:
    """Return the metadata that is the same for every batch: columns with types and meanings."""
    columns = [
        dg.TableColumn(
            column.name,
            str(column.dtype),
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=column.name == table.key),
        )
        for column in table.columns
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def code_reference(body: Callable[..., Any]) -> Metadata:
    """Return the metadata by which the page links an asset to the function that makes it."""
    file, line = inspect.getsourcefile(body), inspect.getsourcelines(body)[1]
    reference = dg.LocalFileCodeReference(file_path=str(file), line_number=line, label=body.__name__)
    return {"dagster/code_references": dg.CodeReferencesMetadataValue(code_references=[reference])}


def _sql_files(table: Table) -> str:
    """Return the files in `sql/` that show a table in the warehouse, as a Markdown list."""
    folder = project_folder("sql")
    reads = re.compile(rf"\blake\.{table.name}\b")
    files = [path for path in sorted(folder.rglob("*.sql")) if reads.search(path.read_text(encoding="utf-8"))]
    lines = [f"- `{path.relative_to(folder.parent)}`" for path in files]
    return "\n".join([f"In the warehouse this table is `lake.{table.name}`; it is read by", "", *lines])


def partition_metadata(table: Table, partition: Partition, *, reused: bool, page: Metadata) -> Metadata:
    """Return what the asset's page tells of one batch: first the figures that matter, pictures, tables; last the keys.

    Of a batch that was up to date, figures of work done (`WORK_FIGURES`) are 0: this run did none.

    Args:
        table: the table.
        partition: the current version of the batch.
        reused: whether it was up to date.
        page: the pictures and tables that the stage itself shows.
    """
    rejected = pl.read_parquet(partition.rejected_file)
    figures = {
        name: 0 if reused and name in WORK_FIGURES else rounded(figure)
        for name, figure in partition.figures.items()
        if name not in {"reused", "settings"}
    }
    whole = partition.rows + partition.rejected
    return {
        "dagster/row_count" if partition.batch == UNPARTITIONED else "dagster/partition_row_count": partition.rows,
        "rejected": partition.rejected,
        **({"share_kept": rounded(partition.rows / whole)} if whole else {}),
        **page,
        **({"rejected_plot": picture(plot_reasons(rejected), "Rejected by reason")} if rejected.height else {}),
        "rejected_by_reason": dg.MetadataValue.md(_reasons(rejected)),
        "preview": dg.MetadataValue.md(_preview(partition)),
        **figures,
        "reused": reused,
        "rows_reused": whole if reused else partition.figures.get("reused", 0),
        "written_at": partition.written_at,
        "settings": dg.MetadataValue.json(json.loads(partition.figures.get("settings", "{}"))),
        "content_key": partition.content_key,
        "dagster/uri": dg.MetadataValue.path(str(partition.rows_file)),
        "rejected_file": dg.MetadataValue.path(str(partition.rejected_file)),
        "sql": dg.MetadataValue.md(_sql_files(table)),
    }


def rounded(figure: Any) -> Any:  # noqa: ANN401 - figures are numbers or text
    """Return a figure with four digits, where it is no whole number; anything else as it is."""
    return float(f"{figure:.4g}") if isinstance(figure, float) else figure


def picture(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """Return a picture that Dagster's asset page shows inline."""
    encoded = base64.b64encode(png).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{encoded})")


def markdown_table(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as a Markdown table, columns in the order of the first row."""
    if not rows:
        return "none"
    names = list(rows[0])
    body = ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(names) + " |", "|" + "---|" * len(names), *body])


def _reasons(rejected: pl.DataFrame) -> str:
    counts = rejected.group_by("row_kind", "reason").len("rows").sort("rows", descending=True)
    return markdown_table(counts.to_dicts())


def _preview(partition: Partition) -> str:
    return markdown_table(pl.scan_parquet(partition.rows_file).head(PREVIEW_ROWS).collect().to_dicts())


def _cell(value: object) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    text = text.replace("\n", " ⏎ ").replace("|", "\\|")
    return text if len(text) <= PREVIEW_WIDTH else text[:PREVIEW_WIDTH] + "…"

"""The warehouse as a page of documentation, which `make docs` writes to docs/warehouse.md."""

import sys
import tempfile
from pathlib import Path

from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.markdown import markdown_table
from acecoder_dagster.data.warehouse.build import build_warehouse
from acecoder_dagster.data.warehouse.query import describe, named_queries
from acecoder_dagster.data.warehouse.statements import LAKE_SCHEMA


def warehouse_page() -> str:
    """Return every table with its columns and every named query as Markdown, made from `data/tables` and `sql/`."""
    with tempfile.TemporaryDirectory() as folder:
        tables = describe(build_warehouse(Lake(Path(folder) / "lake"), Path(folder) / "warehouse.duckdb").path)
    parts = [
        "# The warehouse",
        "Made from `acecoder_dagster/data/tables` and `sql/` by `make docs`; "
        "`acecoder query --describe` shows the same of your own file.",
        "## Queries",
        markdown_table(
            ("`acecoder query` ...", "what it answers", "`--set`"),
            [
                (name, query.description, "; ".join(f"`{each.name}`: {each.meaning}" for each in query.variables))
                for name, query in named_queries().items()
            ],
        ),
        "## Tables",
    ]
    for table in tables:
        if table.schema != LAKE_SCHEMA:
            columns = [(column.name, f"`{column.type}`", column.comment or "") for column in table.columns]
            parts += [f"### {table.name}", table.comment or "", markdown_table(("column", "type", "meaning"), columns)]
    parts += [
        "## The files of the stages",
        f"Views of schema `{LAKE_SCHEMA}` over the current Parquet files, one for each asset that writes a table.",
        markdown_table(
            ("view", "what it holds"),
            [(table.full_name, table.comment or "") for table in tables if table.schema == LAKE_SCHEMA],
        ),
    ]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(warehouse_page())

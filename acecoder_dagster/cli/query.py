"""What `acecoder query` and `acecoder export` do in a terminal."""

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import polars as pl
from rich.console import Console
from rich.table import Table

from acecoder_dagster.cli.printing import print_frame
from acecoder_dagster.data.publishing import export_dataset
from acecoder_dagster.data.warehouse import (
    FileFormat,
    WarehouseError,
    describe,
    file_format_of,
    named_queries,
    run_query,
    write_query,
)


def print_answer(
    console: Console,
    warehouse: Path,
    name_or_sql: str,
    settings: Sequence[str],
    file_format: FileFormat | Literal["table"],
    out: Path | None,
) -> None:
    """Print the rows of a query or write them to a file.

    Args:
        console: where tables for people go; other formats go to standard output as they are.
        warehouse: the DuckDB file.
        name_or_sql: a named query, or SQL.
        settings: what to set for it, as KEY=VALUE.
        file_format: `table` with a file to write means the format that its name says.
        out: file to write.

    Raises:
        WarehouseError: wrong settings, a file that says no format, or see `run_query`.
    """
    values = _pairs(settings, "--set", "KEY=VALUE")
    if out is not None:
        write_query(warehouse, name_or_sql, out, file_format_of(out) if file_format == "table" else file_format, values)
        console.print(f"written to {out}", markup=False, soft_wrap=True)
    elif file_format == "table":
        print_frame(console, run_query(warehouse, name_or_sql, values))
    elif file_format == "parquet" and sys.stdout.isatty():
        raise WarehouseError("Parquet is nothing for a terminal: write it with --out FILE, or into a pipe")
    else:
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "rows"
            write_query(warehouse, name_or_sql, written, file_format, values)
            with written.open("rb") as rows:
                shutil.copyfileobj(rows, sys.stdout.buffer)


def print_named_queries(console: Console) -> None:
    """Print the shipped queries with what each answers and what can be set."""
    table = Table("query", "what it answers", "--set")
    for name, query in named_queries().items():
        table.add_row(name, query.description, "\n".join(f"{each.name}: {each.meaning}" for each in query.variables))
    console.print(table)


def print_tables(console: Console, warehouse: Path, name: str | None = None) -> None:
    """Print the tables and columns of the warehouse, or one table, with their meaning.

    Raises:
        WarehouseError: there is no warehouse, or no table of that name.
    """
    tables = describe(warehouse)
    chosen = [table for table in tables if name in {None, table.full_name}]
    if not chosen:
        known = ", ".join(table.full_name for table in tables)
        raise WarehouseError(f"no table is called {name!r}; there are: {known}")
    for described in chosen:
        title = f"{described.full_name}: {described.comment}"
        table = Table("column", "type", "meaning", title=title, title_justify="left")
        for column in described.columns:
            table.add_row(column.name, column.type, column.comment)
        console.print(table)


def run_export(console: Console, warehouse: Path, folder: Path, permissive_only: bool, licences: Sequence[str]) -> None:
    """Write the data set for publication and print what was written and what was left out.

    Raises:
        PublishingError, WarehouseError: see `export_dataset`.
    """
    declared = _pairs(licences, "--licence", "NAME=SPDX")
    exported = export_dataset(warehouse, folder, declared, permissive_only=permissive_only)
    of_one_kind = exported.licences.group_by("kind", "published_as", "declared", "published", maintain_order=True)
    print_frame(console, of_one_kind.agg(pl.col("rows").sum()), title="licences")
    print_frame(console, exported.rows, title="rows")
    console.print(f"written to {folder}: README.md is the data card", markup=False, soft_wrap=True)


def _pairs(given: Sequence[str], option: str, form: str) -> Mapping[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise WarehouseError(f"{option} {text}: give it as {form}")
        pairs[name] = value
    return pairs

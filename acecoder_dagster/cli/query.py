"""`acecoder query`: ask the warehouse."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from acecoder_dagster.cli.options import key_values
from acecoder_dagster.cli.printing import WideOption, output, print_frame, print_line, show_all_columns

MODELS = "SELECT DISTINCT model FROM question_pass_rates ORDER BY model"
MODEL_VARIABLES = ("model", "baseline")


def query_names() -> list[str]:
    """Return the names of the shipped queries."""
    from acecoder_dagster.data.warehouse import named_queries

    return list(named_queries())


def query(
    name_or_sql: Annotated[
        str | None,
        typer.Argument(help="A named query, or SQL; with --describe, a table.", autocompletion=query_names),
    ] = None,
    describe: Annotated[bool, typer.Option("--describe", help="Show tables and columns with their meaning.")] = False,
    values: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, read by getvariable('KEY').")] = None,
    file_format: Annotated[
        Literal["table", "csv", "json", "parquet"], typer.Option("--format", help="How rows are printed or written.")
    ] = "table",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .csv, .json or .parquet.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Ask the tables as they were, at 2026-11-28 or 2026-11-28T06:00 (UTC)."),
    ] = None,
    wide: WideOption = False,
) -> None:
    """Ask the warehouse, by a named query or in SQL.

    Without an argument, the named queries are listed.
    """
    from acecoder_dagster.cli.warehouse import past_warehouse, present_warehouse

    show_all_columns(wide)
    if name_or_sql is None and not describe:
        _print_named_queries()
        return
    with nullcontext(present_warehouse()) if as_of is None else past_warehouse(as_of) as warehouse:
        if describe:
            _print_tables(warehouse, name_or_sql)
        else:
            chosen = key_values(values or (), "--set", "KEY=VALUE")
            _print_answer(warehouse, str(name_or_sql), chosen, file_format, out)


def _print_answer(
    warehouse: Path,
    name_or_sql: str,
    values: Mapping[str, str],
    file_format: Literal["table", "csv", "json", "parquet"],
    out: Path | None,
) -> None:
    """Print the rows of a query, or write them; `table` with a file means the format that its name says."""
    from acecoder_dagster.data.warehouse import WarehouseError, file_format_of, run_query, write_query

    if out is not None:
        written_as = file_format_of(out) if file_format == "table" else file_format
        write_query(warehouse, name_or_sql, out, written_as, values)
        print_line(output, f"written to {out}")
    elif file_format == "table":
        rows = run_query(warehouse, name_or_sql, values)
        print_frame(output, rows)
        if rows.is_empty():
            print_line(output, _why_empty(warehouse, values))
    elif file_format == "parquet" and sys.stdout.isatty():
        raise WarehouseError("Parquet is nothing for a terminal: write it with --out FILE, or into a pipe")
    else:
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "rows"
            write_query(warehouse, name_or_sql, written, file_format, values)
            with written.open("rb") as rows_file:
                shutil.copyfileobj(rows_file, sys.stdout.buffer)


def _why_empty(warehouse: Path, values: Mapping[str, str]) -> str:
    """Return that no row matched, and which values there are of those that were set."""
    from acecoder_dagster.data.warehouse import run_query

    told = "No row matches"
    if values:
        told += " " + ", ".join(f"{key} = {value!r}" for key, value in values.items())
    if any(key in MODEL_VARIABLES for key in values):
        models = run_query(warehouse, MODELS)["model"].to_list()
        told += f"; models are {', '.join(models) or 'none'}"
    return told + "."


def _print_named_queries() -> None:
    from acecoder_dagster.data.warehouse import named_queries

    table = Table("query", "what it answers", "--set")
    for name, query in named_queries().items():
        table.add_row(name, query.description, "\n".join(f"{each.name}: {each.meaning}" for each in query.variables))
    output.print(table)


def _print_tables(warehouse: Path, name: str | None) -> None:
    """Print all tables and columns with their meaning, or one table."""
    from acecoder_dagster.data.warehouse import WarehouseError, describe

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
        output.print(table)

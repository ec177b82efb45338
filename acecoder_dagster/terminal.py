"""Tables for people in a terminal."""

from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from acecoder_dagster.warehouse import describe, named_queries

MAX_ROWS = 200


def print_frame(console: Console, frame: pl.DataFrame, title: str | None = None) -> None:
    """Print rows as a table, numbers with at most four digits after the point."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left", overflow="fold")
    for row in frame.head(MAX_ROWS).iter_rows():
        table.add_row(*map(_cell, row))
    console.print(table)
    if frame.height > MAX_ROWS:
        console.print(f"{frame.height - MAX_ROWS:,} more rows; add LIMIT or read the file with DuckDB.")


def print_named_queries(console: Console) -> None:
    """Print the shipped queries with what each answers."""
    table = Table("query", "what it answers")
    for name, query in sorted(named_queries().items()):
        table.add_row(name, query.description)
    console.print(table)


def print_tables(console: Console, warehouse: Path) -> None:
    """Print every table and column of the warehouse with its meaning."""
    for described in describe(warehouse):
        title = f"{described.full_name}: {described.comment}"
        table = Table("column", "type", "meaning", title=title, title_justify="left")
        for column in described.columns:
            table.add_row(column.name, column.type, column.comment)
        console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

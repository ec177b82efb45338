"""Tables for people in a terminal."""

import polars as pl
from rich.console import Console
from rich.table import Table

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
        console.print(f"{frame.height - MAX_ROWS:,} more rows; add LIMIT, or write them with --out FILE.")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

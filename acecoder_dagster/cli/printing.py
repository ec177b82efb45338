"""Tables and progress for people in a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
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


class ProgressBar:
    """Shows how far one piece of work is, and what is known of it so far."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._what = what
        self._task = progress.add_task("reading", total=None)

    def __call__(self, done: int, total: int, told: str) -> None:  # noqa: D102
        self._progress.update(self._task, description=f"{self._what}  {told}", completed=done, total=total)


@contextmanager
def progress_bar(errors: Console, what: str) -> Iterator[ProgressBar]:
    """Show a bar while work is under way; call it with what is done, what there is, and a word about it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=errors) as progress:
        yield ProgressBar(progress, what)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

"""What people see: the two consoles, tables that fit a terminal, progress of long work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    import polars as pl

INTERRUPTED = 130
"""Exit code of a command that was stopped by Ctrl-C, as shells have it."""
MAX_ROWS = 200
PLAIN_WIDTH = 1000
"""Tables that go to a file or a pipe are as wide as their cells, up to this."""
FOLDED_WIDTH = 24
"""Longer text is folded to no less than this before a column is left out."""
SECONDS_UNTIL_ESTIMATE = 1.0

output = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
errors = Console(stderr=True, highlight=False)

WideOption = Annotated[
    bool, typer.Option("--wide", help="Show all columns of tables, also where they are wider than the terminal.")
]


def show_all_columns(wide: bool) -> None:
    """Let tables be wider than the terminal from now on, if asked to."""
    if wide:
        output.width = PLAIN_WIDTH


def print_error(message: str) -> None:
    """Print what went wrong to standard error."""
    errors.print(f"[red]error:[/red] {escape(message)}", markup=True, soft_wrap=True)


def print_warning(message: str) -> None:
    """Print what somebody should know before it goes on to standard error."""
    errors.print(f"[yellow]warning:[/yellow] {escape(message)}", markup=True, soft_wrap=True)


def print_stopped() -> None:
    """Print what Ctrl-C has left, and how to go on."""
    print_line(errors, "\nStopped. What was finished is kept: give the same command again to go on from there.")


def print_line(console: Console, text: str) -> None:
    """Print text as it stands, neither folded nor read as markup."""
    console.print(text, markup=False, soft_wrap=True)


def print_frame(console: Console, frame: pl.DataFrame, title: str | None = None) -> None:
    """Print rows as a table, numbers with at most four digits after the point.

    Columns that do not fit the console are left out, from the right, and named below the table.
    """
    rows = [[_cell(value) for value in row] for row in frame.head(MAX_ROWS).iter_rows()]
    numeric = [dtype.is_numeric() for dtype in frame.dtypes]
    widths = [max([len(name), *(len(row[place]) for row in rows)]) for place, name in enumerate(frame.columns)]
    shown = _columns_that_fit(console.width, widths, numeric)
    table = Table(title=title, title_justify="left", title_style="bold")
    for place in range(shown):
        name = frame.columns[place]
        table.add_column(
            escape(name),
            justify="right" if numeric[place] else "left",
            overflow="fold",
            min_width=min(widths[place], FOLDED_WIDTH) if shown > 1 else None,
        )
    for row in rows:
        table.add_row(*map(escape, row[:shown]))
    console.print(table)
    if shown < frame.width:
        left_out = ", ".join(frame.columns[shown:])
        print_line(console, f"not shown: {left_out} (--wide shows all columns)")
    if frame.height > MAX_ROWS:
        print_line(console, f"{frame.height - MAX_ROWS:,} more rows; add LIMIT, or write them with --out FILE.")


@contextmanager
def progress_bar(console: Console, what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show how far work is: a bar in a terminal, a line every few seconds elsewhere.

    Yields:
        What is to be called as `report(done, total, told)`; `told` is a word about the work so far.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    if not console.is_terminal:
        yield _lines(what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("reading", total=None)

        def report(done: int, total: int, told: str) -> None:
            progress.update(task, description=f"{what}  {told}", completed=done, total=total)

        yield report


def _lines(what: str) -> Callable[[int, int, str], None]:
    from acecoder_dagster.learning.progress import ProgressTeller, describe_progress

    teller = ProgressTeller(what, lambda _: None)
    started = time.monotonic()

    def report(done: int, total: int, told: str) -> None:
        seconds = time.monotonic() - started
        line = f"{describe_progress(done, total, seconds)}  {told}".rstrip()
        teller.tell(lambda: line, last=done == total)

    return report


def _columns_that_fit(width: int, widths: list[int], numeric: list[bool]) -> int:
    """Return how many columns, from the left, fit: numbers whole, long text folded. The first always does."""
    used = 1
    for place, (natural, number) in enumerate(zip(widths, numeric, strict=True)):
        used += (natural if number else min(natural, FOLDED_WIDTH)) + 3
        if used > width and place:
            return place
    return len(widths)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

"""Where a benchmark writes what it measured."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

ReportPath = Annotated[Path, typer.Option("--report", help="Where the report is written.")]


def cell(text: str) -> str:
    """Return text as it may stand in a cell of a table, at most 200 characters of it."""
    return text.replace("|", "\\|").replace("\n", " ")[:200]


def write_report(path: Path, lines: Iterable[str]) -> None:
    """Write a report in Markdown, one line after the other, and print it."""
    text = "\n".join(lines).rstrip("\n") + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    typer.echo(text)

"""Where a benchmark writes what it measured."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from acecoder_dagster.questions.test_suites.quality.tallies import RatioInterval

ReportPath = Annotated[Path, typer.Option("--report", help="Where the report is written.")]


def cell(text: str) -> str:
    """Return text as it may stand in a cell of a table, at most 200 characters of it."""
    return text.replace("|", "\\|").replace("\n", " ")[:200]


def share_cell(share: RatioInterval) -> str:
    """Return a share with its interval, as it stands in a cell of a table."""
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"


def table(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the lines of a table in Markdown; its columns are the keys of the first row."""
    names = list(rows[0])
    cells = [" | ".join(row[name] for name in names) for row in rows]
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names), *(f"| {row} |" for row in cells)]


def write_report(path: Path, lines: Iterable[str]) -> None:
    """Write a report in Markdown, one line after the other, and print it."""
    text = "\n".join(lines).rstrip("\n") + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    typer.echo(text)


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

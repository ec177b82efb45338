"""`acecoder eval`: what finished programs or raw answers score on standard benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acecoder_dagster.cli.printing import (
    WideOption,
    errors,
    output,
    print_frame,
    print_line,
    print_warning,
    progress_bar,
    show_all_columns,
)

if TYPE_CHECKING:
    from acecoder_dagster.evaluation.benchmarks import Evaluation

SHOWN = 12


def benchmark_names() -> list[str]:
    """Return the shipped suites and benchmarks."""
    from acecoder_dagster.evaluation.benchmarks import protocol_addresses, suite_names

    return [*suite_names(), *protocol_addresses()]


def evaluate(
    programs: Annotated[
        list[str],
        typer.Option(help="FILE or BENCHMARK=FILE: samples of evalplus, bigcodebench, LiveCodeBench, or yours."),
    ],
    suite: Annotated[
        str,
        typer.Option(help="Suite, PROTOCOL/BENCHMARK, or a protocol file of yours.", autocompletion=benchmark_names),
    ],
    data: Annotated[str, typer.Option(help="Folder with the benchmarks' files, or: hub.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for scores, results and what was judged.")],
    only: Annotated[str | None, typer.Option(help="Benchmarks of the suite, as he+,mbpp+; else all.")] = None,
    name: Annotated[str | None, typer.Option(help="What the model is called; else as the first file.")] = None,
    style: Annotated[str, typer.Option(help="How raw answers are read: chat, base or r1.")] = "chat",
    launcher: Annotated[
        str | None, typer.Option(help="What starts the sandboxes: auto, service, docker or bubblewrap; else auto.")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Programs at the same time; else one per core.")] = None,
    wide: WideOption = False,
) -> None:
    """Score finished programs on standard benchmarks.

    Stopped at any moment, it goes on where it was when started again.
    """
    from acecoder_dagster.evaluation.benchmarks import evaluate_programs, read_suite

    show_all_columns(wide)
    protocols = read_suite(suite, only.split(",") if only else ())
    sandbox = {key: value for key, value in (("launcher", launcher), ("workers", workers)) if value is not None}
    with progress_bar(errors, "eval") as told:
        found = evaluate_programs(
            protocols,
            programs,
            data,
            out,
            name=name or Path(programs[0].rpartition("=")[2]).name.partition(".")[0],
            style=style,
            sandbox=sandbox,
            report=lambda what, done, total: told(done, total, what),
        )
    _print(found, out)


def _print(found: Evaluation, out: Path) -> None:
    print_frame(output, found.table, title="scores")
    for score in found.scores:
        title = score.protocol.title
        if score.tasks.is_as_published is False:
            print_warning(f"{title}: the data is not {score.protocol.data.version} as its publisher has it")
        _print_tasks(f"{title}: references that fail here", score.failing_references)
        _print_tasks(f"{title}: tasks without a program, which do not count", score.unanswered)
    for protocol in found.without_programs:
        print_warning(f"{protocol.title}: there are no programs for it")
    print_line(output, f"{len(found.files)} files in {out}")


def _print_tasks(what: str, tasks: list[str]) -> None:
    if tasks:
        more = f" and {len(tasks) - SHOWN:,} more" if len(tasks) > SHOWN else ""
        print_warning(f"{what}: {', '.join(tasks[:SHOWN])}{more}")

"""A month of nightly refreshes, and the time of a tick that finds nothing to do.

`python -m benchmarks.nights` lives through thirty days, or the first `--nights` of them, with Dagster's own sensors,
schedules and queue: files arrive, change, shrink and vanish, one is broken, two nights are killed with everything that
works in them. After each night it counts in SQL. Then it measures the tick of the nightly schedule on a folder of many
batches that are all up to date.
The report is benchmarks/nights/results.md.
"""

import os
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer

from acecoder_dagster.data.home import Home
from acecoder_dagster.definitions import build_definitions
from acecoder_dagster.graph.operating.schedules import DATA_SCHEDULE
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.steps.warehouse import publish_warehouse
from acecoder_dagster.questions.importing import ImportManifest, store_import
from acecoder_dagster.settings import read_settings
from benchmarks.common.apart import apart
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.nights.daemon import opened_instance
from benchmarks.nights.simulation import PROFILE, Night, simulate
from benchmarks.nights.world import MONTH, lines
from tests.graph.refresh.projects import make_everything

REPORT = Path(__file__).with_name("results.md")
TICKS = 5


@dataclass(frozen=True)
class Tick:
    """Seconds of wall and of processor time."""

    seconds: float
    cpu_seconds: float


def main(
    nights: Annotated[int, typer.Option(help="Nights to live through.")] = len(MONTH),
    batches: Annotated[int, typer.Option(help="Batches of the folder whose tick is measured.")] = 100,
    report: ReportPath = REPORT,
) -> None:
    """Live through the month, measure the tick, write the report."""
    with tempfile.TemporaryDirectory() as folder:
        lived = apart(_live, Path(folder), nights)
    with tempfile.TemporaryDirectory() as folder:
        ticks = apart(_idle_ticks, Path(folder), batches)
    write_report(report, [*_of_ticks(batches, ticks, nights), "", *_of_nights(lived)])


def _live(folder: Path, nights: int) -> list[Night]:
    return list(simulate(folder, MONTH[:nights]))


def _idle_ticks(folder: Path, batches: int) -> list[Tick]:
    """Measure ticks of the nightly schedule on a folder of imports that are all up to date."""
    home, profile = Home(folder / "home"), folder / "nights.toml"
    profile.write_text(PROFILE)
    for number in range(batches):
        file = folder / f"file{number:03}.jsonl"
        file.write_text(lines(file.stem, {number: 1}))
        store_import(home.root, ImportManifest(name=file.stem, questions=(str(file),)))
    project = OpenProject(home, read_settings(str(profile)))
    make_everything(project)
    publish_warehouse(project)
    with opened_instance(home, str(profile)) as instance:
        schedule = build_definitions(home, str(profile)).resolve_schedule_def(DATA_SCHEDULE)
        return [_tick(schedule, instance) for _ in range(TICKS)]


def _tick(schedule: dg.ScheduleDefinition, instance: dg.DagsterInstance) -> Tick:
    wall, cpu = time.perf_counter(), time.process_time()
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=datetime.now(UTC))
    tick = schedule.evaluate_tick(context)
    seconds = Tick(time.perf_counter() - wall, time.process_time() - cpu)
    assert "up to date" in (tick.skip_message or ""), (tick.skip_message, tick.run_requests)
    return seconds


def _of_ticks(batches: int, ticks: list[Tick], nights: int) -> list[str]:
    return [
        "# Nights one after the other",
        "",
        f"`python -m benchmarks.nights --nights {nights}`; {describe_machine()}; {os.getloadavg()[0]:.1f} processes in "
        "line at the end.",
        "",
        f"A tick of `{DATA_SCHEDULE}` on a folder of {batches} imports that are all up to date, {len(ticks)} times: "
        f"{_spread([tick.seconds for tick in ticks])} s, of which {_spread([tick.cpu_seconds for tick in ticks])} s of "
        "processor time.",
    ]


def _spread(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f}"


def _of_nights(nights: list[Night]) -> list[str]:
    right = sum(night.counted == night.expected for night in nights)
    return [
        f"{len(nights)} nights, {sum(night.happened.killed for night in nights)} of them killed: the row counts were "
        f"right after {right}. What a killed night did not finish, the next one did. Versions: the most files of "
        "one batch of one table. `executed` counts what the finished versions of the verdicts report.",
        "",
        "| night | happened | questions | programs | verdicts | right | to execute | executed | batches made anew | "
        "rows of history | versions | tables, MB | Dagster, MB | runs kept | seconds |",
        "|---" * 15 + "|",
        *map(_row, nights),
    ]


def _row(night: Night) -> str:
    happened = ", ".join(
        name if value is True else f"{name} {value}" for name, value in vars(night.happened).items() if value
    )
    tables, dagster = night.megabytes
    cells = [
        str(night.day),
        happened or "nothing",
        *(f"{count:,}" if count == wanted else f"{count} instead of {wanted}" for count, wanted in _pairs(night)),
        str(night.executable),
        str(night.executed),
        str(night.batches),
        f"{night.recorded:,}",
        str(night.versions),
        f"{tables:.2f}",
        f"{dagster:.1f}",
        str(night.runs),
        f"{night.seconds:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _pairs(night: Night) -> list[tuple[int, int]]:
    return list(zip(night.counted, night.expected, strict=True))

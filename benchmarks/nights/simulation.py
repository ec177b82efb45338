"""Nights of a project folder, one after the other: what is there after each, and what it cost."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.tables import FILTERED_TESTS
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.resources import OpenProject
from acecoder_dagster.graph.steps.batches import remove_batches
from acecoder_dagster.settings import read_settings
from benchmarks.nights.daemon import DAY, let_a_day_pass, live_a_day, opened_instance
from benchmarks.nights.world import Day, World

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 0
[tests]
policy = "trusted"
[sandbox]
launcher = "bubblewrap"
workers = 1
[inbox]
settle_seconds = 0
seconds_between_looks = 1
[refresh]
scheduled = true
data_cron = "0 2 * * *"
training_cron = "0 0 1 1 *"
[retention]
versions = 1
days = 7
cron = "0 6 * * *"
"""
COUNTED = """
SELECT
    (SELECT count(*) FROM questions) AS questions,
    (SELECT count(*) FROM programs) AS programs,
    (SELECT count(*) FROM verdicts) AS verdicts,
    (SELECT count(*) FROM pass_rates WHERE passed_all) AS passed
"""
EXECUTED = """
SELECT coalesce(sum(programs_executed), 0)::BIGINT AS executed, count(DISTINCT batch) AS batches
FROM stage_history
WHERE stage = 'test_results' AND recorded_at > getvariable('since')::TIMESTAMP AND rows_kept IS NOT NULL
"""
RECORDED = "SELECT max(recorded_at) AS newest, count(*) AS rows FROM stage_history"
SECONDS_TO_KILL = 600


@dataclass(frozen=True)
class Night:
    """What a night left.

    Attributes:
        day: its number, from 1.
        happened: what happened on the day before it.
        expected: questions, programs, verdicts and right programs that there must be; of a killed night, those before.
        counted: questions, programs, verdicts and right programs that SQL counts.
        executable: programs that were new or changed since they were last executed.
        executed: programs that it executed.
        batches: batches whose verdicts the history says were made anew.
        recorded: rows of the history of stages.
        versions: the most versions of one batch of one table.
        megabytes: the size of the tables and of Dagster's own files.
        runs: records of runs that Dagster keeps.
        seconds: how long it took.
    """

    day: int
    happened: Day
    expected: tuple[int, ...]
    counted: tuple[int, ...]
    executable: int
    executed: int
    batches: int
    recorded: int
    versions: int
    megabytes: tuple[float, float]
    runs: int
    seconds: float


def simulate(folder: Path, days: Sequence[Day]) -> Iterator[Night]:
    """Live through some days in a folder and yield what each night left."""
    home, profile = Home(folder / "home"), folder / "nights.toml"
    profile.write_text(PROFILE)
    inbox = home.root / "inbox"
    inbox.mkdir(parents=True)
    world, evening = World(inbox), datetime.now(UTC).replace(hour=7, minute=0)
    with opened_instance(home, str(profile)) as instance:
        live_a_day(instance, evening)  # The schedules begin to count from here on.
    newest, expected = datetime.min, world.rows
    for number, day in enumerate(days, start=1):
        evening += DAY
        files = world.live(day)
        with opened_instance(home, str(profile)) as instance:
            remove_batches(OpenProject(home, read_settings(str(profile))), instance, world.removed)
        # The sensor does not look oftener than once a second.
        time.sleep(1.1)
        started = time.monotonic()
        if day.killed:
            _kill_a_night(home, profile, evening, f"{files[0]}-000")
        else:
            with opened_instance(home, str(profile)) as instance:
                live_a_day(instance, evening)
            expected = world.rows
        seconds = time.monotonic() - started
        executed, batches = run_query(home.warehouse, EXECUTED, {"since": str(newest)}).row(0)
        newest, recorded = run_query(home.warehouse, RECORDED).row(0)
        with opened_instance(home, str(profile)) as instance:
            runs = instance.get_runs_count()
        yield Night(
            day=number,
            happened=day,
            expected=expected,
            counted=run_query(home.warehouse, COUNTED).row(0),
            executable=world.pending,
            executed=executed,
            batches=batches,
            recorded=recorded,
            versions=_versions(home),
            megabytes=(_megabytes(home.lake.root), _megabytes(home.dagster)),
            runs=runs,
            seconds=seconds,
        )
        if not day.killed:
            world.pending = 0
        let_a_day_pass(home)


def _kill_a_night(home: Home, profile: Path, evening: datetime, batch: str) -> None:
    """Live a day in a process of its own and kill it, with all that it started, in the middle of a batch."""
    command = [sys.executable, "-m", "benchmarks.nights.killed", str(home.root), str(profile), evening.isoformat()]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + SECONDS_TO_KILL
    while home.lake.current(FILTERED_TESTS, batch) is None:
        assert process.poll() is None, "the night ended before it was killed"
        assert time.monotonic() < deadline, f"{batch} was not begun"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _versions(home: Home) -> int:
    """Return the most versions that there are of one batch of one table."""
    folders = home.lake.root.glob("*/batch=*")
    return max(len({file.name.partition(".")[0] for file in folder.glob("*.parquet")}) for folder in folders)


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6

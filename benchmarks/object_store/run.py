"""The demo, small, in a bucket beside the same in a folder: figures, kills, two machines at once, readers, overhead.

`python -m benchmarks.object_store` runs it in a folder, in a bucket of moto's server, on two machines at once (two
local copies), and killed ten times at random moments, half of them continued on another machine. Meanwhile a reader of
its own asks the warehouse. Rows of all tables and the scores are compared. Then the speed of single requests, on moto's
server and on rclone's where it is installed. The report is benchmarks/object_store/results.md.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Annotated

import polars as pl
import typer

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake.contents import column_digests
from acecoder_dagster.data.tables import ALL_TABLES, TRAINING_CURVES
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.graph.inputs import MEASUREMENTS
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.object_store.requests_per_second import measured_requests
from benchmarks.object_store.servers import Server, moto_server, rclone_server

REPORT = Path(__file__).with_name("results.md")
PROFILE = Path(__file__).with_name("demo.toml")

CHANGING = {"seconds", "train_seconds", "cost", *MEASUREMENTS}
"""Columns that differ from run to run."""

SPEEDS = ("seconds", "tokens_per_second", "flops_share")
"""How the figures of a training begin that differ from run to run."""

QUERY = "pass_at_k"


@dataclass
class Outcome:
    """What came of running the demo to its end."""

    seconds: float
    kills: int = 0
    machines: int = 1
    scores: pl.DataFrame = field(default_factory=pl.DataFrame)
    rows: dict[str, str] = field(default_factory=dict)
    answers: int = 0
    wrong_answers: list[str] = field(default_factory=list)


def main(
    kills: Annotated[int, typer.Option(help="How often the demo is killed.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the moments of the kills.")] = 1,
    report: ReportPath = REPORT,
) -> None:
    """Run the demo in every way, compare, write the report."""
    moments = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, moto_server() as moto, rclone_server() as rclone:
        place = Path(folder)
        found = {"in a folder": _in_folder(place / "local")}
        found["in a bucket"] = _in_bucket(place / "one", moto, "whole")
        found["two machines at once"] = _at_once(place / "two", moto, "shared")
        found[f"killed {kills} times"] = _killed(place / "killed", moto, "killed", kills, moments)
        requests = [
            row for server in (moto, rclone) if server for row in measured_requests(server, place / server.name)
        ]
    write_report(report, [*_demo_lines(found), *_request_lines(requests)])


def _in_folder(home: Path) -> Outcome:
    seconds = _run({"ACECODER_HOME": str(home)})
    return _finished(Home(home), Outcome(seconds))


def _in_bucket(cache: Path, server: Server, bucket: str) -> Outcome:
    server.make_bucket(bucket)
    machine = _machine(cache, server, bucket)
    seconds = _run(machine)
    return _finished(_home(machine), Outcome(seconds))


def _at_once(folder: Path, server: Server, bucket: str) -> Outcome:
    server.make_bucket(bucket)
    machines = [_machine(folder / f"{number}", server, bucket) for number in range(2)]
    started = time.monotonic()
    running = [_start(machine) for machine in machines]
    for process in running:
        output, _ = process.communicate()
        assert process.returncode == 0, output
    return _finished(_home(machines[0]), Outcome(time.monotonic() - started, machines=2))


def _killed(folder: Path, server: Server, bucket: str, kills: int, moments: random.Random) -> Outcome:
    """Kill the demo again and again, go on here or on another machine, and ask the warehouse all the while."""
    server.make_bucket(bucket)
    outcome = Outcome(0)
    machine = _machine(folder / "1", server, bucket)
    started, ended = time.monotonic(), Event()
    reader = Thread(target=_keep_asking, args=(_machine(folder / "reader", server, bucket), ended, outcome))
    reader.start()
    while outcome.kills < kills:
        process = _start(machine)
        try:
            process.communicate(timeout=moments.uniform(5, 30))
            break  # It was done before all kills were.
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        outcome.kills += 1
        if moments.random() < 0.5:
            outcome.machines += 1
            machine = _machine(folder / f"{outcome.machines}", server, bucket)
    _run(machine)
    outcome.seconds = time.monotonic() - started
    ended.set()
    reader.join()
    return _finished(_home(machine), outcome)


def _keep_asking(machine: dict[str, str], ended: Event, outcome: Outcome) -> None:
    """Ask the warehouse again and again; before there is one, that is no wrong answer."""
    command = [sys.executable, "-m", "acecoder_dagster", "query", QUERY, "--format", "csv"]
    while not ended.is_set():
        asked = subprocess.run(command, env=os.environ | machine, capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            outcome.answers += 1
        elif "there is no warehouse" not in " ".join(asked.stderr.split()):
            outcome.wrong_answers.append(asked.stderr)
        ended.wait(5)


def _machine(cache: Path, server: Server, bucket: str) -> dict[str, str]:
    """Return the environment of a machine that works on the project of a bucket with its own local copy."""
    return {**server.environment, "ACECODER_HOME": f"s3://{bucket}/demo", "ACECODER_CACHE": str(cache)}


def _home(machine: dict[str, str]) -> Home:
    os.environ.update(machine)
    return Home.from_environment().refreshed()


def _start(machine: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "acecoder_dagster", "demo", "--profile", str(PROFILE)]
    return subprocess.Popen(
        command, env=os.environ | machine, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _run(machine: dict[str, str]) -> float:
    started = time.monotonic()
    process = _start(machine)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    return time.monotonic() - started


def _finished(home: Home, outcome: Outcome) -> Outcome:
    """Add what is compared: the scores, and a hash of the rows of every table."""
    outcome.scores = run_query(home.warehouse, "FROM benchmark_scores ORDER BY ALL")
    outcome.rows = dict(_digests(home))
    return outcome


def _digests(home: Home) -> Iterator[tuple[str, str]]:
    for table in ALL_TABLES:
        rows = home.lake.read(table).drop("batch")
        if table is TRAINING_CURVES:
            rows = rows.filter(~pl.any_horizontal(pl.col("figure").str.starts_with(speed) for speed in SPEEDS))
        digests = column_digests(table, rows) if rows.height else {}
        yield table.name, str(sorted((name, each) for name, each in digests.items() if name not in CHANGING))


def _demo_lines(found: dict[str, Outcome]) -> list[str]:
    local = found["in a folder"]
    lines = [
        "# A project in an object store",
        "",
        f"`python -m benchmarks.object_store`; {describe_machine()}. The demo, small (`demo.toml`); "
        "buckets on moto's server on the same machine.",
        "",
        "| demo | seconds | kills | machines | scores as in a folder | tables with the same rows | queries meanwhile | "
        "failed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, each in found.items():
        same = sum(each.rows[table] == local.rows[table] for table in local.rows)
        scores = "yes" if each.scores.equals(local.scores) else "**no**"
        lines.append(
            f"| {name} | {each.seconds:.0f} | {each.kills} | {each.machines} | {scores} | "
            f"{same} of {len(local.rows)} | {each.answers} | {len(each.wrong_answers)} |"
        )
        other = [table for table in local.rows if each.rows[table] != local.rows[table]]
        if other:
            print(name, "differs in", other, file=sys.stderr)
        for wrong in each.wrong_answers:
            print(wrong, file=sys.stderr)
    return lines


def _request_lines(requests: list[tuple[str, str, str]]) -> list[str]:
    return [
        "",
        "## Single requests",
        "",
        "| server | what | measured |",
        "|---|---|---|",
        *(f"| {server} | {what} | {measured} |" for server, what, measured in requests),
    ]

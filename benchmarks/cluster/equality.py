"""Whether a cluster says what one machine says, of recorded and of hostile programs, whatever becomes of its nodes."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from ray.cluster_utils import Cluster
from rich.progress import track

from acecoder_dagster.judge import ClusterSettings, Judge, NodeSpeed, ProgramJob, SandboxSettings, Verdict
from acecoder_dagster.judge.files import judge_files
from tests.judge.attacks import HOSTILE, QUESTION
from tests.judge.attacks.families import ATTACKS
from tests.judge.cluster.clusters import add_node, cluster_of

Key = tuple[str, str]
"""A question and a program."""

Said = dict[Key, tuple[str, tuple[str, ...], tuple[bool, ...], tuple[bool, ...]]]
"""By question and program: verdict, outcomes, passed, sealed."""


@dataclass(frozen=True)
class Pass:
    """One pass over all programs.

    Attributes:
        name: how they were judged.
        verdicts: how many came.
        said: what they say.
        seconds: how long it took.
        speeds: of the nodes.
    """

    name: str
    verdicts: int
    said: Said
    seconds: float
    speeds: list[NodeSpeed] = field(default_factory=list)

    def differing(self, other: Pass) -> list[Key]:
        """Return the programs of which the two passes say something else, or one says nothing."""
        return sorted(key for key in {*self.said, *other.said} if self.said.get(key) != other.said.get(key))

    def row(self, here: Pass) -> str:
        """Return a row of a table, beside a pass on this machine."""
        speeds = ", ".join(f"{each.programs:,} at {each.programs_per_second:.0f}" for each in self.speeds)
        doubled = self.verdicts - len(self.said)
        lost = len(here.said.keys() - self.said.keys())
        cells = (
            self.name,
            f"{self.verdicts:,}",
            lost,
            doubled,
            len(self.differing(here)),
            f"{self.seconds:.0f}",
            speeds,
        )
        return f"| {' | '.join(map(str, cells))} |"


HEAD = (
    "| judged | verdicts | lost | doubled | other than here | seconds "
    "| programs of each node, and its programs per second |",
    "|---|---|---|---|---|---|---|",
)

At = Mapping[int, Callable[[Cluster], None]]
"""What is done to the cluster when so many verdicts have come."""


def judge_here(jobs: list[ProgramJob], settings: SandboxSettings) -> Pass:
    """Judge on this machine."""
    started = time.perf_counter()
    with Judge(settings) as judge:
        verdicts = list(_tracked(judge.judge(jobs), len(jobs), "here"))
    return Pass("on this machine", len(verdicts), _said(verdicts), time.perf_counter() - started)


def judge_there(jobs: list[ProgramJob], settings: SandboxSettings, nodes: int, name: str, at: At | None = None) -> Pass:
    """Judge on a cluster with nodes of one core, and do something to it meanwhile."""
    verdicts = []
    with cluster_of(nodes) as cluster, Judge(settings, ClusterSettings(address=cluster.address)) as judge:
        started = time.perf_counter()
        for verdict in _tracked(judge.judge(jobs), len(jobs), name):
            verdicts.append(verdict)
            if at and len(verdicts) in at:
                at[len(verdicts)](cluster)
        return Pass(name, len(verdicts), _said(verdicts), time.perf_counter() - started, judge.take_node_speeds())


def changing_here(jobs: list[ProgramJob], keys: Collection[Key], here: Pass, settings: SandboxSettings) -> set[Key]:
    """Judge some programs again, five times, on this machine; return those whose outcomes change."""
    chosen = [job for job in jobs if (job.question.question_id, job.program_id) in keys]
    again = [judge_here(chosen, settings) for _ in range(5 if chosen else 0)]
    return {key for key in keys if any(each.said[key] != here.said[key] for each in again)}


def add(cluster: Cluster) -> None:
    """Let a node join."""
    add_node(cluster)


def kill(cluster: Cluster) -> None:
    """Kill a node without grace: its main process by SIGKILL, all workers with it."""
    cluster.remove_node(min(cluster.worker_nodes, key=lambda node: node.unique_id), allow_graceful=False)


def judge_by_killed_drivers(jobs: list[ProgramJob], settings: SandboxSettings, kills: int) -> Pass:
    """Judge files by a command that is killed and started again, on a cluster with two nodes."""
    verdicts_of_a_part = len(jobs) // (kills + 1)
    with cluster_of(2) as cluster, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = _write(jobs, folder)
        out = folder / "verdicts.parquet"
        started = time.perf_counter()
        options = ["--launcher", settings.launcher, "--set", settings.set, "--cluster", cluster.address]
        command = [sys.executable, "-m", "acecoder_dagster", "judge", *map(str, files), "-o", str(out), *options]
        for number in range(1, kills + 1):
            with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
                while _kept(out) < number * verdicts_of_a_part * 0.9 and process.poll() is None:
                    time.sleep(0.5)
                os.kill(process.pid, signal.SIGKILL)
        judged = judge_files(*files, out, settings, cluster=ClusterSettings(address=cluster.address))
        rows = pl.read_parquet(out)
        print(f"the last command judged {judged.judged:,} of {judged.programs:,}", file=sys.stderr)
        return Pass(
            f"by commands of which {kills} were killed", rows.height, _said_in(rows), time.perf_counter() - started
        )


def hostile_jobs() -> list[ProgramJob]:
    """Return every program of the attack suite."""
    jobs = [ProgramJob(QUESTION, name, program) for name, program in HOSTILE.items()]
    return jobs + [ProgramJob(attack.question, name, attack.program) for name, attack in ATTACKS.items()]


def credited(found: Pass) -> int:
    """Return how many programs are credited with a sealed test."""
    return sum(
        any(p and s for p, s in zip(passed, sealed, strict=True)) for _, _, passed, sealed in found.said.values()
    )


def _write(jobs: Iterable[ProgramJob], folder: Path) -> tuple[Path, Path]:
    questions, programs = folder / "questions.parquet", folder / "programs.parquet"
    asked = {job.question.question_id: job.question for job in jobs}
    rows = [
        {"question_id": name, "entry_point": each.entry_point, "setup_code": each.setup_code, "tests": list(each.tests)}
        for name, each in asked.items()
    ]
    pl.DataFrame(rows).write_parquet(questions)
    told = [
        {"question_id": job.question.question_id, "program_id": job.program_id, "program": job.program} for job in jobs
    ]
    pl.DataFrame(told).write_parquet(programs)
    return questions, programs


def _kept(out: Path) -> int:
    """Return how many verdicts a command has kept, counted in a copy: it has the file for itself."""
    with tempfile.TemporaryDirectory() as folder:
        copies = [Path(folder) / file.name for file in out.parent.glob(f"{out.name}.judged*")]
        for copy in copies:
            copy.write_bytes((out.parent / copy.name).read_bytes())
        try:
            with closing(sqlite3.connect(Path(folder) / f"{out.name}.judged")) as database:
                return int(database.execute("SELECT count(*) FROM verdicts").fetchone()[0])
        except sqlite3.Error:  # it was copied while it was written
            return 0


def _said(verdicts: Iterable[Verdict]) -> Said:
    return {(v.question_id, v.program_id): (v.verdict, v.outcomes, v.passed, v.sealed) for v in verdicts}


def _said_in(rows: pl.DataFrame) -> Said:
    columns = ("question_id", "program_id", "verdict", "outcomes", "passed", "sealed")
    return {
        (question, program): (verdict, tuple(outcomes), tuple(passed), tuple(sealed))
        for question, program, verdict, outcomes, passed, sealed in rows.select(columns).iter_rows()
    }


def _tracked(verdicts: Iterator[Verdict], total: int, name: str) -> Iterable[Verdict]:
    return track(verdicts, description=name, total=total)

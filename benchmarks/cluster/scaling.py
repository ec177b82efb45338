"""How far one driver reaches: workers that wait instead of judging, more and more of them, and shorter waits."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.progress import track

from acecoder_dagster.judge import ProgramJob, SandboxSettings
from acecoder_dagster.judge.cluster import ClusterWorkers
from acecoder_dagster.judge.run.verdict_stream import GROUP_SIZE, VerdictStream
from benchmarks.cluster.waiting import WaitingWorkers, waiting_question
from tests.judge.cluster.clusters import add_node, cluster_of

WORKERS = (1, 2, 4, 8, 16, 32)
SECONDS = 0.02
SHORTER = (0.01, 0.005, 0.0025, 0.0015, 0.001, 0.0)
LASTS = 15.0
"""Seconds of work for every worker."""

MOST = 150_000
"""Programs of one pass."""

PROGRAM = "def solve(number):\n    total = 0\n    for _ in range(number):\n        total += number\n    return total\n"


@dataclass(frozen=True)
class Rate:
    """What one pass over programs showed.

    Attributes:
        workers: how many.
        seconds: how long each program took a worker.
        programs: how many.
        wall: seconds from the first to the last.
        driver_cpu: processor time of the driver, seconds.
    """

    workers: int
    seconds: float
    programs: int
    wall: float
    driver_cpu: float

    @property
    def ideal(self) -> float:
        """Programs per second of workers that never wait for work."""
        return self.workers / self.seconds if self.seconds else float("inf")

    @property
    def reached(self) -> float:
        """Programs per second."""
        return self.programs / self.wall

    def row(self) -> str:
        """Return a row of a table."""
        ideal = f"{self.ideal:,.0f}" if self.seconds else ""
        share = f"{self.reached / self.ideal:.2f}" if self.seconds else ""
        cells = (self.workers, f"{self.seconds * 1000:g}", f"{self.programs:,}", ideal, f"{self.reached:,.0f}", share)
        return f"| {' | '.join(map(str, cells))} | {self.driver_cpu / self.programs * 1e6:.0f} |"


HEAD = (
    "| workers | ms per program | programs | ideal, per second | reached, per second | share "
    "| driver's CPU, us per program |",
    "|---|---|---|---|---|---|---|",
)


def measure_scaling() -> tuple[list[Rate], list[Rate]]:
    """Measure on a cluster that grows.

    Returns:
        Rates of 1 to 32 workers with programs of 20 ms, and of 32 with shorter ones.
    """
    with cluster_of(nodes=0) as cluster:
        add_node(cluster)
        opened = ClusterWorkers(SandboxSettings(), cluster.address, WaitingWorkers)
        try:
            growing = []
            for workers in track(WORKERS, description="20 ms per program"):
                if workers > opened.size:
                    add_node(cluster, cores=workers - opened.size)
                while opened.size < workers:
                    time.sleep(0.1)
                growing.append(measure(opened, SECONDS))
            shorter = [measure(opened, seconds) for seconds in track(SHORTER, description="shorter programs")]
        finally:
            opened.close()
    return growing, shorter


def measure(opened: ClusterWorkers, seconds: float) -> Rate:
    """Judge for about `LASTS` seconds; what is first done everywhere does not count."""
    workers = opened.size
    # So long that no worker is done with its own part before the last has begun.
    list(VerdictStream(opened).verdicts(jobs(-1, 10 * workers * GROUP_SIZE, SECONDS)))
    programs = round(min(workers * LASTS / max(seconds, 1e-9), MOST)) // GROUP_SIZE * GROUP_SIZE
    started, used = time.perf_counter(), _cpu()
    judged = sum(1 for _ in VerdictStream(opened).verdicts(jobs(0, programs, seconds)))
    wall, used = time.perf_counter() - started, _cpu() - used
    assert judged == programs
    return Rate(workers, seconds, programs, wall, used)


def jobs(first: int, count: int, seconds: float) -> Iterator[ProgramJob]:
    """Return different programs, 16 of each question."""
    for number in range(count):
        if number % GROUP_SIZE == 0:
            question = waiting_question(first + number, seconds)
        yield ProgramJob(question, str(number), f"{PROGRAM}# {first + number}")


def _cpu() -> float:
    """Return the processor time of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def describe_load() -> str:
    """Return what else this machine was doing."""
    return f"load of the machine when it began: {os.getloadavg()[0]:.1f}"

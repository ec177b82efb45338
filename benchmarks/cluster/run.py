"""Judging on a cluster: `python -m benchmarks.cluster --data FOLDER`.

Simulated nodes on one machine (`ray.cluster_utils.Cluster`). First, whether recorded and hostile programs get the
verdicts of one machine on 1, 2 and 4 nodes, with nodes that join and are killed and with a killed driver. Second, how
many programs per second one driver can keep under way, with workers that wait instead of judging, so that the cores of
this machine are no limit. The report is benchmarks/cluster/results.md.
"""

import random
import sys
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Annotated

import ray
import typer

from acecoder_dagster.judge import ProgramJob, SandboxSettings
from benchmarks.cluster import equality, scaling
from benchmarks.cluster.equality import Key
from benchmarks.common.machine import describe_machine
from benchmarks.common.recorded import recorded_programs
from benchmarks.common.report import ReportPath, write_report

REPORT = Path(__file__).with_name("results.md")
ENOUGH = 0.9
"""Share of the ideal below which the driver counts as saturated."""


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with problems.parquet and programs.parquet.")] = None,
    programs: Annotated[int, typer.Option(help="Recorded programs.")] = 5000,
    launcher: Annotated[str, typer.Option(help="docker or bubblewrap.")] = "bubblewrap",
    report: ReportPath = REPORT,
) -> None:
    """Measure, print, and write the report. Ends with 1 where a verdict is another one than on one machine."""
    lines = [
        "# Judging on a cluster",
        "",
        f"`python -m benchmarks.cluster{' --data FOLDER' if data else ''}`; {describe_machine()}, "
        f"Ray {ray.__version__}.",
        "",
        "All nodes are simulated on this one machine, by `ray.cluster_utils.Cluster`.",
    ]
    is_equal = True
    if data is not None:
        more, is_equal = compare(data, programs, SandboxSettings.model_validate({"launcher": launcher}))
        lines += more
    lines += scale()
    write_report(report, lines)
    sys.exit(0 if is_equal else 1)


def compare(data: Path, programs: int, settings: SandboxSettings) -> tuple[list[str], bool]:
    """Judge recorded and hostile programs here and there; return what came of it, and whether all is equal."""
    jobs = drawn(data, programs)
    here = equality.judge_here(jobs, settings)
    third = len(jobs) // 3
    churn = {third: equality.add, third + 200: equality.kill, 2 * third: equality.add, 2 * third + 200: equality.kill}
    passes = []
    for judged in (
        *(
            partial(equality.judge_there, jobs, settings, nodes, f"on {nodes} node{'s' * (nodes > 1)}")
            for nodes in (1, 2, 4)
        ),
        partial(equality.judge_there, jobs, settings, 2, "on 2 nodes; twice one joined and one was killed", churn),
        partial(equality.judge_by_killed_drivers, jobs, settings, kills=2),
    ):
        passes.append(judged())
        print(passes[-1].row(here), file=sys.stderr)
    differing = {key for each in passes for key in each.differing(here)}
    unstable = equality.changing_here(jobs, differing, here, settings)
    hostile = equality.hostile_jobs()
    hostile_here = equality.judge_here(hostile, settings)
    hostile_there = equality.judge_there(hostile, settings, 2, "on 2 nodes")
    odd = set(hostile_there.differing(hostile_here))
    unstable_hostile = equality.changing_here(hostile, odd, hostile_here, settings)
    lines = [
        "",
        f"## {len(jobs):,} recorded programs, {settings.launcher}",
        "",
        *equality.HEAD,
        *(each.row(here) for each in (here, *passes)),
        "",
        "Other is a verdict of which any outcome, or what is sealed, is another one. The cores of this machine are "
        "shared by all its nodes: seconds say nothing about how judging scales.",
        "",
        *listed(differing, unstable),
        "",
        f"## The attack suite, {len(hostile)} programs",
        "",
        *equality.HEAD,
        *(each.row(hostile_here) for each in (hostile_here, hostile_there)),
        "",
        f"Credited with a sealed test: {equality.credited(hostile_here)} on this machine, "
        f"{equality.credited(hostile_there)} on the cluster.",
        "",
        *listed(odd, unstable_hostile),
    ]
    whole = all(each.verdicts == len(each.said) == len(jobs) for each in passes)
    return lines, whole and differing <= unstable and not equality.credited(hostile_there)


def listed(differing: Collection[Key], unstable: Collection[Key]) -> list[str]:
    """Name programs that have another verdict on a cluster, and which of them do so on one machine."""
    return [
        f"- {key[0]}, {key[1]}: differs{', as on this machine from one time to the next' if key in unstable else ''}"
        for key in sorted(differing)
    ]


def drawn(data: Path, programs: int) -> list[ProgramJob]:
    """Return some recorded programs, those of a question one after the other."""
    jobs = [recorded.job for recorded in recorded_programs(data)]
    chosen = set(random.Random(0).sample(range(len(jobs)), min(programs, len(jobs))))
    return [job for number, job in enumerate(jobs) if number in chosen]


def scale() -> list[str]:
    """Return how far one driver reaches."""
    load = scaling.describe_load()
    growing, shorter = scaling.measure_scaling()
    most = max((each.reached for each in (*growing, *shorter)), default=0.0)
    holding = [each.reached for each in (*growing, *shorter) if each.seconds and each.reached / each.ideal >= ENOUGH]
    return [
        "",
        "## Workers that wait 20 ms for each program instead of judging it",
        "",
        f"Programs of 5 lines with 16 tests each; {load}. The workers' own processes "
        "unpack and pack what travels, on the same cores as the driver.",
        "",
        *scaling.HEAD,
        *(each.row() for each in growing),
        "",
        "## Where the driver saturates: 32 workers, shorter programs",
        "",
        *scaling.HEAD,
        *(each.row() for each in shorter),
        "",
        f"At least {ENOUGH} of the ideal up to {max(holding, default=0):,.0f} programs per second; at most {most:,.0f} "
        "programs per second are reached.",
    ]

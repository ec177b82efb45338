"""What hostile programs cost a worker: `python -m benchmarks.hostile`.

Every program of the attack suite is judged alone by one worker. While it computes or waits within its limits the worker
is busy, as with any program; what it takes beyond that is its cost. The command fails, and names the programs, where
one costs more than five seconds, or is credited with a sealed test.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from acecoder_dagster.judge import Judge, Outcome, ProgramJob, QuestionTests, SandboxSettings, Verdict
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, cell, write_report
from tests.judge.attacks import HOSTILE, QUESTION
from tests.judge.attacks.families import ATTACKS

REPORT = Path(__file__).with_name("results.md")
MOST_SECONDS = 5.0
# What is started once, however many programs follow, is not what one of them costs.
HONEST = ProgramJob(
    QuestionTests("honest", "f", "import numpy", ("assert f(numpy.ones(1)).sum() == 1",)), "honest", "f = abs"
)


@dataclass(frozen=True)
class Cost:
    """What one program cost.

    Attributes:
        name: of the attack.
        verdict: what became of it.
        seconds: how long the worker was busy with it.
        own: for how much of that the program itself ran, as far as its limits allow it.
    """

    name: str
    verdict: Verdict
    seconds: float
    own: float

    @property
    def beyond(self) -> float:
        """Seconds beyond those of the program itself."""
        return self.seconds - self.own

    @property
    def is_credited(self) -> bool:
        """Whether it passes a sealed test."""
        return any(p and s for p, s in zip(self.verdict.passed, self.verdict.sealed, strict=True))


def main(
    launcher: Annotated[list[str] | None, typer.Option(help="docker, bubblewrap; both when left out.")] = None,
    report: ReportPath = REPORT,
) -> None:
    """Judge each program alone, write the report."""
    costs = {name: list(_costs(name)) for name in launcher or ("docker", "bubblewrap")}
    lines = [
        "# Hostile programs: what they cost",
        "",
        f"`python -m benchmarks.hostile`, {describe_machine()}.",
        "",
        "Every program of the attack suite, judged alone by one worker. Seconds are those beyond the time for which "
        "the program itself ran, as far as its limits allow it: the processor time of each test, and for tests that "
        "time out the limit of as many as are tried.",
        "",
        "| launcher | programs | credited | median s | 95% below s | most s |",
        "|---|---|---|---|---|---|",
        *(_summary(name, found) for name, found in costs.items()),
        "",
        f"Programs that cost more than {MOST_SECONDS:g} s:",
        "",
        "| launcher | program | s | of them its own | verdict | message |",
        "|---|---|---|---|---|---|",
        *(_row(name, cost) for name, found in costs.items() for cost in found if not _is_good(cost)),
    ]
    write_report(report, lines)
    sys.exit(0 if all(_is_good(cost) for found in costs.values() for cost in found) else 1)


def _costs(launcher: str) -> Iterator[Cost]:
    programs: dict[str, tuple[QuestionTests, str]] = {name: (QUESTION, program) for name, program in HOSTILE.items()}
    programs |= {name: (attack.question, attack.program) for name, attack in ATTACKS.items()}
    settings = SandboxSettings.model_validate({"launcher": launcher, "workers": 1})
    with Judge(settings) as judge:
        list(judge.judge([HONEST]))
        for name, (question, program) in track(programs.items(), description=launcher):
            started = time.perf_counter()
            (verdict,) = judge.judge([ProgramJob(question, name, program)])
            seconds = time.perf_counter() - started
            yield Cost(name, verdict, seconds, min(verdict.wall_ms / 1000, _allowed(verdict, settings)))


def _allowed(verdict: Verdict, settings: SandboxSettings) -> float:
    """Return the seconds that limits allow: of loading, of each test, and of as many timeouts as are tried."""
    limits = {
        Outcome.CPU_TIMEOUT: settings.cpu_seconds_per_test,
        Outcome.WALL_TIMEOUT: settings.wait_seconds_per_test,
    }
    # After some timeouts the other tests are given up, and have the same outcome.
    timeouts = sorted(limits[outcome] for outcome in verdict.outcomes if outcome in limits)
    others = len(verdict.outcomes) - len(timeouts)
    return (1 + others) * settings.cpu_seconds_per_test + sum(timeouts[-settings.max_timeouts :])


def _is_good(cost: Cost) -> bool:
    return cost.beyond <= MOST_SECONDS and not cost.is_credited


def _summary(launcher: str, costs: list[Cost]) -> str:
    beyond = sorted(cost.beyond for cost in costs)
    credited = sum(cost.is_credited for cost in costs)
    return (
        f"| {launcher} | {len(costs)} | {credited} | {statistics.median(beyond):.2f} "
        f"| {beyond[int(0.95 * len(beyond))]:.2f} | {beyond[-1]:.2f} |"
    )


def _row(launcher: str, cost: Cost) -> str:
    cells = (launcher, cost.name, f"{cost.seconds:.1f}", f"{cost.own:.1f}", cost.verdict.verdict)
    return f"| {' | '.join(map(cell, cells))} | {cell(cost.verdict.message)} |"

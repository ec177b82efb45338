"""Whether verdicts depend on order or load: `python -m benchmarks.stability --data FOLDER`.

The same real programs are judged several times, shuffled anew each time, by a fresh judge, while busy processes take
all processors several times over. The command fails, and names the programs, when any outcome of any test changes.
"""

import contextlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from acecoder_dagster.judge import Judge, ProgramJob, SandboxSettings, Verdict
from benchmarks.common.machine import describe_machine
from benchmarks.common.recorded import recorded_programs
from benchmarks.common.report import ReportPath, write_report

REPORT = Path(__file__).with_name("results.md")
# Ends with the benchmark, however that ends.
BUSY = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(1_000_000))\n"


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems, programs and verdicts.")],
    launcher: Annotated[list[str] | None, typer.Option(help="docker, bubblewrap; both when left out.")] = None,
    programs: Annotated[int, typer.Option(help="Programs to draw.")] = 2000,
    runs: Annotated[int, typer.Option(help="How often each is judged.")] = 3,
    busy_per_core: Annotated[int, typer.Option(help="Busy processes beside the judge, per core.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the drawing and the shuffling.")] = 0,
    report: ReportPath = REPORT,
) -> None:
    """Judge repeatedly, compare, write the report."""
    chance = random.Random(seed)
    jobs = [recorded.job for recorded in chance.sample(recorded_programs(data), programs)]
    lines = [
        "# Stability of verdicts",
        "",
        f"`python -m benchmarks.stability`: {programs:,} programs, {runs} runs in shuffled order, seed {seed}, "
        f"{busy_per_core} busy processes per core; {describe_machine()}.",
        "",
        "| launcher | verdicts that changed | outcomes that changed | outcomes per run | seconds per run |",
        "|---|---|---|---|---|",
    ]
    changed_programs: list[str] = []
    for name in launcher or ("docker", "bubblewrap"):
        judged, seconds = [], []
        for _ in range(runs):
            chance.shuffle(jobs)
            started = time.monotonic()
            with _busy_processes(busy_per_core * (os.cpu_count() or 1)):
                judged.append(_judge_all(name, jobs))
            seconds.append(time.monotonic() - started)
        changed = _changed(judged)
        changed_programs += [f"{name}: {line}" for line in changed.values()]
        lines.append(_row(name, judged, changed, seconds))
    lines += ["", "## What changed", "", *(f"- {line}" for line in changed_programs or ["nothing"]), ""]
    write_report(report, lines)
    sys.exit(1 if changed_programs else 0)


@contextlib.contextmanager
def _busy_processes(count: int) -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def _judge_all(launcher: str, jobs: list[ProgramJob]) -> dict[str, Verdict]:
    with Judge(SandboxSettings.model_validate({"launcher": launcher})) as judge:
        return {verdict.program_id: verdict for verdict in track(judge.judge(jobs), launcher, total=len(jobs))}


def _changed(judged: list[dict[str, Verdict]]) -> dict[str, str]:
    """What was said about each program about which not the same was said every time, by program_id."""
    lines = {}
    for program_id in sorted(judged[0]):
        verdicts = [run[program_id] for run in judged]
        if len({verdict.outcomes for verdict in verdicts}) > 1:
            said = "; ".join(_describe(verdict) for verdict in verdicts)
            lines[program_id] = f"`{program_id}`: {said}"
    return lines


def _describe(verdict: Verdict) -> str:
    counts = ", ".join(f"{outcome} {count}" for outcome, count in Counter(map(str, verdict.outcomes)).items())
    return f"{counts} ({verdict.cpu_ms:.0f} ms of processor time, {verdict.message!r})"


def _row(launcher: str, judged: list[dict[str, Verdict]], changed: dict[str, str], seconds: list[float]) -> str:
    verdicts = sum(len({run[program_id].verdict for run in judged}) > 1 for program_id in changed)
    outcomes = sum(
        len(set(outcomes)) > 1
        for program_id in changed
        for outcomes in zip(*(run[program_id].outcomes for run in judged), strict=True)
    )
    each = sum(len(verdict.outcomes) for verdict in judged[0].values())
    return f"| {launcher} | {verdicts} | {outcomes} | {each:,} | {', '.join(f'{s:,.0f}' for s in seconds)} |"

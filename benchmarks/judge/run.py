"""How fast the judge is: `python -m benchmarks.judge --data FOLDER`.

The judge, evalplus's checker and an interpreter without a sandbox take turns on the same programs, in parts of about a
second, so that the load of the machine meets all alike. The report is benchmarks/judge/results.md.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from acecoder_dagster.judge import ProgramJob, SandboxUnavailableError
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.judge.contestants import Contestant, Effort, OurJudge, evalplus, limit
from benchmarks.judge.programs import in_slices, one_program, recorded_mix
from benchmarks.judge.stages import measure_stages

REPORT = Path(__file__).with_name("results.md")
LAUNCHERS = ("docker", "bubblewrap")
HOW = """All take turns on the same programs, in parts of about a second, so that other load of the machine meets all
alike. Programs per second of processor time count all processes: what one core does when nothing else runs on it; in
brackets, the comparison by it. The limit is the interpreter of the same sandbox without the sandbox: for each program
it forks, compiles and executes the program, and executes the tests, compiled before (benchmarks/judge/unsandboxed.py).
evalplus is its `untrusted_check`, with a limit of 1 s per test and without any sandbox."""
PART = 160
QUESTIONS_PER_PART = 12
WARM_UP = 64


def main(
    data: Annotated[Path | None, typer.Option(help="Folder with problems.parquet and programs.parquet.")] = None,
    programs: Annotated[int, typer.Option(help="Programs of each kind.")] = 1600,
    memory_programs: Annotated[int, typer.Option(help="Programs judged while memory is watched; 0: none.")] = 0,
    report: ReportPath = REPORT,
) -> None:
    """Measure, print, and write the report."""
    lines = [
        "# Speed of the judge",
        "",
        f"`python -m benchmarks.judge{' --data FOLDER' if data else ''}`; {describe_machine()}.",
        "",
        HOW,
        "",
    ]
    contestants = start_contestants()
    try:
        same = list(one_program(0, programs))
        parts = [same[start : start + PART] for start in range(0, len(same), PART)]
        lines += ["## (a) 20 lines, 16 asserts", "", *table(take_turns(contestants, parts, "(a)"))]
        if data is not None:
            lines += mix(contestants, data, programs)
    finally:
        for contestant in contestants:
            contestant.close()
    for launcher in available_launchers():
        lines += ["", f"## Where the time of (a) goes, {launcher}", "", *measure_stages(launcher)]
    if memory_programs:
        lines += ["", f"## Memory over {memory_programs:,} programs", "", *memory(memory_programs)]
    write_report(report, lines)


def available_launchers() -> list[str]:
    """Return the launchers of this machine; what is missing is said."""
    found = []
    for launcher in LAUNCHERS:
        try:
            OurJudge(launcher, workers=1).close()
            found.append(launcher)
        except SandboxUnavailableError as error:
            print(f"{launcher}: {error}", file=sys.stderr)
    return found


def start_contestants() -> list[Contestant]:
    """Return what takes turns, warmed up."""
    contestants: list[Contestant] = []
    for launcher in available_launchers():
        contestants += [limit(launcher), OurJudge(launcher, workers=1)]
    contestants.append(evalplus())
    for contestant in contestants:
        contestant.run(list(one_program(-WARM_UP, WARM_UP)))
    return contestants


def take_turns(
    contestants: Sequence[Contestant], parts: Sequence[Sequence[ProgramJob]], title: str
) -> dict[str, Effort]:
    """Have every contestant judge every part, in turn.

    Returns:
        What each took, by name.
    """
    efforts = {contestant.name: Effort() for contestant in contestants}
    for part in track(parts, description=title):
        for contestant in contestants:
            efforts[contestant.name].add(contestant.run(part))
    return efforts


def table(efforts: dict[str, Effort]) -> list[str]:
    """Write efforts as a table; rates beside those of the limit above each and of evalplus, the last."""
    lines = [
        "| | programs | per second, one worker | per second of processor time | outside sandboxes | of the limit "
        "| times evalplus |",
        "|---|---|---|---|---|---|---|",
    ]
    theirs = list(efforts.values())[-1]
    most = Effort()
    for name, effort in efforts.items():
        row = [name, f"{effort.programs:,}", f"{rate(effort):,.0f}", f"{effort.programs / effort.cpu:,.0f}"]
        if name.startswith("judge"):
            by_cpu = effort.programs / effort.cpu
            row.append(f"{effort.host_cpu / effort.cpu:.0%}")
            row.append(f"{rate(effort) / rate(most):.2f} (processor time: {by_cpu * most.cpu / most.programs:.2f})")
            row.append(f"{rate(effort) / rate(theirs):.1f} ({by_cpu * theirs.cpu / theirs.programs:.1f})")
        else:
            row += ["", "", ""]
            most = effort if name.startswith("limit") else most
        lines.append(f"| {' | '.join(row)} |")
    return lines


def rate(effort: Effort) -> float:
    """Return programs per second of wall clock."""
    return effort.programs / effort.wall


def mix(contestants: Sequence[Contestant], data: Path, programs: int) -> list[str]:
    """Time programs that models wrote: first find those that hang, then time them and the others apart."""
    jobs = recorded_mix(data, programs)
    judges = [contestant for contestant in contestants if isinstance(contestant, OurJudge)]
    parts = in_slices(jobs, QUESTIONS_PER_PART)
    # By every judge, so that each has started the sandboxes that these programs need.
    hanging = {program for part in track(parts, "(b) hangs") for judge in judges for program in judge.run(part).hanging}
    ending = in_slices([job for job in jobs if job.program_id not in hanging], QUESTIONS_PER_PART)
    quick = take_turns(contestants, ending, "(b)")
    hangs = [job for job in jobs if job.program_id in hanging]
    stopping = [contestant for contestant in contestants if not contestant.name.startswith("limit")]
    slow = take_turns(stopping, [[job] for job in hangs], "(b) hanging")
    lines = ["", "## (b) programs that models wrote", "", *table(quick), ""]
    lines += [
        f"{len(hangs)} of {len(jobs):,} drawn programs hang in at least one test and are timed apart, by everyone: "
        "the judge stops a test after 1 s of processor time and gives up after two such tests, evalplus stops each "
        "test after 1 s of wall clock. Seconds per hanging program, one at a time, and programs per second of the "
        "mix as drawn:",
        "",
        "| | seconds per hanging program | mix, per second |",
        "|---|---|---|",
    ]
    for name, effort in slow.items():
        whole = (quick[name].programs + effort.programs) / (quick[name].wall + effort.wall)
        lines.append(f"| {name} | {effort.wall / max(1, effort.programs):.2f} | {whole:.1f} |")
    theirs = quick[contestants[-1].name].passed
    differing = [p for p, passed in quick[judges[0].name].passed.items() if theirs[p] != passed]
    lines += ["", f"Programs on which evalplus finds other outcomes than the judge: {len(differing)}."]
    return lines


def memory(programs: int) -> list[str]:
    """Judge different programs and watch the memory of this process and of the sandboxes."""
    lines = ["| programs judged | this process, MB | sandboxes, MB |", "|---|---|---|"]
    judge = OurJudge(available_launchers()[0], workers=2)
    try:
        step = max(1, programs // 10)
        judge.run(list(one_program(0, step // 10)))
        for first in track(range(0, programs, step), description="memory"):
            lines.append(f"| {first:,} | {' | '.join(f'{mb:.1f}' for mb in judge.resident_mb())} |")
            judge.count(one_program(programs + first, step))
        lines.append(f"| {programs:,} | {' | '.join(f'{mb:.1f}' for mb in judge.resident_mb())} |")
    finally:
        judge.close()
    return lines

"""How far the judge agrees with verdicts that another runner recorded: `python -m benchmarks.agreement --data FOLDER`.

Every recorded program is judged on the official tests, by every launcher. The report lists each program on which the
two disagree with the cause, from `known_disagreements.toml`: causes are found by looking at the program and written
there. The command fails when less than 99.9% agree, or when a disagreement has no cause yet.
"""

import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from acecoder_dagster.judge import Judge, SandboxSettings, Verdict
from benchmarks.common.machine import describe_machine
from benchmarks.common.recorded import RecordedProgram, recorded_programs
from benchmarks.common.report import ReportPath, cell, write_report

REQUIRED = 0.999
KNOWN = Path(__file__).parent / "known_disagreements.toml"
REPORT = Path(__file__).with_name("results.md")


@dataclass(frozen=True)
class Comparison:
    """What one launcher made of all recorded programs."""

    launcher: str
    pairs: list[tuple[RecordedProgram, Verdict]]
    seconds: float

    @property
    def differing(self) -> list[tuple[RecordedProgram, Verdict]]:
        """Programs about which not every test says the same."""
        return [(recorded, verdict) for recorded, verdict in self.pairs if recorded.passed != verdict.passed]

    @property
    def agreement(self) -> float:
        """Share of the programs that pass all tests in both, or in neither."""
        return 1 - self.other_verdicts / len(self.pairs)

    @property
    def other_verdicts(self) -> int:
        """Programs of which one says that they pass all tests, and the other does not."""
        return sum(all(recorded.passed) != all(verdict.passed) for recorded, verdict in self.pairs)


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems, programs and verdicts.")],
    launcher: Annotated[list[str] | None, typer.Option(help="docker, bubblewrap; both when left out.")] = None,
    report: ReportPath = REPORT,
) -> None:
    """Judge, compare, write the report."""
    recorded = recorded_programs(data)
    known: dict[str, str] = tomllib.loads(KNOWN.read_text(encoding="utf-8"))
    comparisons = [_judge_all(name, recorded) for name in launcher or ("docker", "bubblewrap")]
    write_report(report, [_report(comparisons, known)])
    unexplained = {r.job.program_id for c in comparisons for r, _ in c.differing} - known.keys()
    for program_id in sorted(unexplained):
        print(f"no cause known: {program_id}; look at the program and write it into {KNOWN.name}")
    if unexplained or any(comparison.agreement < REQUIRED for comparison in comparisons):
        sys.exit(1)


def _judge_all(launcher: str, recorded: list[RecordedProgram]) -> Comparison:
    by_id = {(each.job.question.question_id, each.job.program_id): each for each in recorded}
    started = time.monotonic()
    with Judge(SandboxSettings.model_validate({"launcher": launcher})) as judge:
        verdicts = judge.judge(each.job for each in recorded)
        pairs = [
            (by_id[verdict.question_id, verdict.program_id], verdict)
            for verdict in track(verdicts, launcher, total=len(recorded))
        ]
    return Comparison(launcher, pairs, time.monotonic() - started)


def _report(comparisons: list[Comparison], known: dict[str, str]) -> str:
    lines = [
        "# Agreement with recorded verdicts",
        "",
        f"`python -m benchmarks.agreement`, {describe_machine()}.",
        "",
        "| launcher | programs | agree on the verdict | tests | agree on the test | sealed tests | seconds |",
        "|---|---|---|---|---|---|---|",
        *(_summary(comparison) for comparison in comparisons),
        "",
        "Outcomes of tests: "
        + "; ".join(f"{comparison.launcher}: {_outcomes(comparison)}" for comparison in comparisons)
        + ".",
        "",
        "## Each program of which any test differs",
        "",
        "| launcher | program | recorded | judged | message | cause |",
        "|---|---|---|---|---|---|",
        *(line for comparison in comparisons for line in _disagreements(comparison, known)),
        "",
    ]
    return "\n".join(lines)


def _summary(comparison: Comparison) -> str:
    tests = [
        (was, now)
        for recorded, verdict in comparison.pairs
        for was, now in zip(recorded.passed, verdict.passed, strict=True)
    ]
    sealed = [one for _, verdict in comparison.pairs for one in verdict.sealed]
    return (
        f"| {comparison.launcher} | {len(comparison.pairs):,} | {comparison.agreement:.3%} "
        f"({comparison.other_verdicts} differ) | {len(tests):,} "
        f"| {sum(was == now for was, now in tests) / len(tests):.3%} | {sum(sealed) / len(sealed):.2%} "
        f"| {comparison.seconds:,.0f} |"
    )


def _outcomes(comparison: Comparison) -> str:
    counts = Counter(str(outcome) for _, verdict in comparison.pairs for outcome in verdict.outcomes)
    return ", ".join(f"{outcome} {count:,}" for outcome, count in counts.most_common())


def _disagreements(comparison: Comparison, known: dict[str, str]) -> list[str]:
    ordered = sorted(comparison.differing, key=lambda pair: pair[0].job.program_id)
    return [
        f"| {comparison.launcher} | {cell(recorded.job.program_id)} | {_tally(recorded.passed)} "
        f"| {verdict.verdict}, {_tally(verdict.passed)} | {cell(verdict.message)} "
        f"| {cell(known.get(recorded.job.program_id, 'not known yet'))} |"
        for recorded, verdict in ordered
    ]


def _tally(passed: tuple[bool, ...]) -> str:
    return f"{sum(passed)} of {len(passed)} passed"

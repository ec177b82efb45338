"""Whether the judge says what EvalPlus says: `python -m benchmarks.evalplus --data FOLDER`.

EvalPlus runs beside it, from its own files: it says what its references answer and how long they take, and checks the
same programs. The judge gets these answers as tests, with EvalPlus's own comparison and its rule for the time: four
times the reference's, and at least a second. The command fails where a program is credited that EvalPlus fails, where
more than one in a thousand differs, or where too few references pass.
"""

import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.progress import track

from acecoder_dagster.evaluation.benchmarks.judging.evalplus import DIGEST, Answer, assertions, setup_code
from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests, SandboxSettings, Verdict
from benchmarks.common.machine import describe_machine
from benchmarks.common.peers import EVALPLUS, Peer, interpreter_with
from benchmarks.common.recorded import benchmark_tasks
from benchmarks.common.report import ReportPath, cell, write_jsonl, write_report

HERE = Path(__file__).parent
REPORT = HERE / "results.md"
FILES = {"HUMANEVAL_OVERRIDE_PATH": "HumanEvalPlus", "MBPP_OVERRIDE_PATH": "MbppPlus"}
MUST_PASS, MUST_AGREE = 540, 0.999
TIME_FACTOR, LEAST_SECONDS = 4.0, 1.0  # EvalPlus's own
# EvalPlus allows 4 GB.
LIMITS = {"memory_mb": 4096, "report_mb": 256}


@dataclass(frozen=True)
class Task:
    """A task of EvalPlus: a question for each kind of tests, base and plus, and the reference program."""

    dataset: str
    name: str
    reference: str
    questions: dict[str, QuestionTests]


@dataclass(frozen=True)
class Compared:
    """What one launcher gave: a row of the table, rows about each difference, and whether it is good enough."""

    row: str
    notes: list[str]
    is_good: bool


def main(
    data: Annotated[Path, typer.Option(help="Folder with programs.parquet and benchmarks/.")],
    launcher: Annotated[list[str] | None, typer.Option(help="docker, bubblewrap; both when left out.")] = None,
    programs: Annotated[int, typer.Option(help="Programs to draw.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the drawing.")] = 0,
    report: ReportPath = REPORT,
) -> None:
    """Let both judge, compare, write the report."""
    files = {name: benchmark_tasks(data, name) for name in FILES.values()}
    drawn = _draw(data, files, programs, seed)
    tasks: list[Task] = []
    chosen: dict[str, tuple[Task, str]] = {}
    theirs: dict[str, dict[str, str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(
            "EvalPlus", [interpreter_with(*EVALPLUS)], HERE / "official.py", [_unpacked(files, Path(folder)), DIGEST]
        )
        for dataset, name in track(peer.answer(), description="EvalPlus"):
            tasks.append(as_task(peer.ask([dataset, name])))
            for program_id, program in drawn.get((dataset, name.partition("/")[2]), {}).items():
                chosen[program_id] = tasks[-1], program
                theirs[program_id] = peer.ask(program)
        peer.close()
    results = [_compare(name, tasks, chosen, theirs) for name in launcher or ("docker", "bubblewrap")]
    lines = [
        "# EvalPlus's own files",
        "",
        f"`python -m benchmarks.evalplus --data FOLDER`: HumanEval+ v0.1.10 and MBPP+ v0.2.0, {len(tasks)} tasks, "
        f"{len(chosen):,} programs that models wrote, seed {seed}, evalplus 0.3.1 in the same run; "
        f"{describe_machine()}.",
        "",
        "| launcher | references that pass | sealed tests | programs with EvalPlus's verdict, base and plus | credited "
        "beyond EvalPlus |",
        "|---|---|---|---|---|",
        *(result.row for result in results),
        "",
        "## What differs, and references that fail",
        "",
        "| launcher | what | verdict | message |",
        "|---|---|---|---|",
        *(note for result in results for note in result.notes),
    ]
    write_report(report, lines)
    sys.exit(0 if all(result.is_good for result in results) else 1)


def _compare(
    launcher: str,
    tasks: Iterable[Task],
    drawn: dict[str, tuple[Task, str]],
    theirs: dict[str, dict[str, str]],
) -> Compared:
    references = _judge(launcher, {task.name: (task, task.reference) for task in tasks})
    ours = _judge(launcher, drawn)
    failing = {(task, kind): v for task, found in references.items() for kind, v in found.items() if not _passes(v)}
    differing = {
        (program, kind): verdict
        for program, found in ours.items()
        for kind, verdict in found.items()
        if _passes(verdict) != (theirs[program][kind] == "pass")
    }
    credited = sum(map(_passes, differing.values()))
    passing = len(references) - len({task for task, _ in failing})
    alike = len(drawn) - len({program for program, _ in differing})
    sealed = [one for found in references.values() for verdict in found.values() for one in verdict.sealed]
    cells = (
        launcher,
        f"{passing} of {len(references)}",
        f"{sum(sealed) / len(sealed):.1%}",
        f"{alike:,} of {len(drawn):,}",
        str(credited),
    )
    notes = [_note(launcher, f"reference of {task}, {kind}", verdict) for (task, kind), verdict in failing.items()]
    notes += [
        _note(launcher, f"{program}, {kind}: {theirs[program][kind]} there", verdict)
        for (program, kind), verdict in differing.items()
    ]
    is_good = passing >= MUST_PASS and not credited and alike >= MUST_AGREE * len(drawn)
    return Compared(f"| {' | '.join(cells)} |", notes, is_good)


def as_task(said: dict[str, Any]) -> Task:
    """Turn what EvalPlus says of a task into questions of the judge."""
    questions = {}
    for kind in ("base", "plus"):
        seconds = max(LEAST_SECONDS, TIME_FACTOR * max(said[kind]["seconds"], default=0.0))
        observed = [
            (arguments, Answer(text, is_digest, is_floats, seconds=0.0))
            for arguments, text, is_digest, is_floats in said[kind]["tests"]
        ]
        tests = assertions(said["dataset"], said["entry_point"], said["atol"], observed)
        name = f"{said['task']} {kind}"
        if tests:
            setup = setup_code(said["dataset"], said["entry_point"], tests)
            questions[kind] = QuestionTests(name, said["entry_point"], setup, tests, cpu_seconds=seconds)
    return Task(said["dataset"], said["task"], said["reference"], questions)


def _unpacked(files: dict[str, list[dict[str, Any]]], folder: Path) -> dict[str, str]:
    paths = {}
    for variable, name in FILES.items():
        path = folder / f"{name}.jsonl"
        write_jsonl(path, files[name])
        paths[variable] = str(path)
    return paths


def _draw(
    data: Path, files: dict[str, list[dict[str, Any]]], count: int, seed: int
) -> dict[tuple[str, str], dict[str, str]]:
    """Return programs by id, by data set and number of their task."""
    numbers = {name: {line["task_id"].partition("/")[2] for line in lines} for name, lines in files.items()}
    of_dataset = {"HumanEval": ("humaneval", numbers["HumanEvalPlus"]), "MBPP": ("mbpp", numbers["MbppPlus"])}
    rows = pl.read_parquet(data / "programs.parquet", columns=["question_id", "program_id", "program"])
    drawn: dict[tuple[str, str], dict[str, str]] = {}
    for question, program_id, program in rows.sample(fraction=1.0, shuffle=True, seed=seed).iter_rows():
        prefix, _, number = question.partition("/")
        dataset, known = of_dataset[prefix]
        if number in known:
            drawn.setdefault((dataset, number), {})[program_id] = program
            count -= 1
        if not count:
            break
    return drawn


def _judge(launcher: str, programs: dict[str, tuple[Task, str]]) -> dict[str, dict[str, Verdict]]:
    jobs = [
        ProgramJob(question, f"{kind} {name}", program)
        for name, (task, program) in sorted(programs.items(), key=lambda item: item[1][0].name)
        for kind, question in task.questions.items()
    ]
    found: dict[str, dict[str, Verdict]] = {name: {} for name in programs}
    with Judge(SandboxSettings.model_validate({"launcher": launcher, **LIMITS})) as judge:
        for verdict in track(judge.judge(jobs), description=launcher, total=len(jobs)):
            kind, _, name = verdict.program_id.partition(" ")
            found[name][kind] = verdict
    return found


def _passes(verdict: Verdict) -> bool:
    return verdict.verdict == "passed"


def _note(launcher: str, what: str, verdict: Verdict) -> str:
    return f"| {launcher} | {cell(what)} | {verdict.verdict} | {cell(verdict.message)} |"

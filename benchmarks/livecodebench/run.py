"""Whether `acecoder eval` says what LiveCodeBench's checker says: `python -m benchmarks.livecodebench --data FOLDER`.

The data of LiveCodeBench is not needed: programs that models wrote for other benchmarks are judged by tests of its
kinds, and programs that are each about one rule. Its checker, in the form in which the package evalscope carries it,
says of the same programs whether they pass. The command fails where a program differs whose reason is not known.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from acecoder_dagster.evaluation.benchmarks import evaluate_programs, read_protocol
from benchmarks.common.machine import describe_machine
from benchmarks.common.peers import EVALSCOPE, Peer, interpreter_with
from benchmarks.common.report import ReportPath, cell, write_jsonl, write_report
from benchmarks.livecodebench.cases import Case, recorded_cases, written_cases

HERE = Path(__file__).parent
REPORT = HERE / "results.md"
REASONS = {
    "reading: open(0)": "it is the `open` of `io` there, by the usual imports, which is not given the input",
    "reading: a global name": "programs are the body of a function there, which has no global names of its own",
    "reading: a name of another function": "programs are the body of a function there: by itself it is no Python",
    "reading: it prints by os.write": "only what goes through `sys.stdout` is seen there",
}
"""Why cases differ: each is judged here as Python itself runs it."""


def main(
    data: Annotated[Path, typer.Option(help="Folder with problems.parquet, programs.parquet, verdicts.parquet.")],
    launcher: Annotated[list[str] | None, typer.Option(help="docker, bubblewrap; both when left out.")] = None,
    programs: Annotated[int, typer.Option(help="Recorded programs to draw.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the drawing.")] = 0,
    report: ReportPath = REPORT,
) -> None:
    """Let both judge, compare, write the report."""
    cases = [*recorded_cases(data, programs, seed), *written_cases()]
    theirs = _checked(cases)
    rows, differing = [], []
    for name in launcher or ("docker", "bubblewrap"):
        ours = _evaluated(cases, name)
        different = [case for case in cases if ours[case.name] != theirs[case.name]]
        credited = sum(ours[case.name] for case in different)
        alike, passing = len(cases) - len(different), sum(theirs.values())
        rows.append(f"| {name} | {alike} of {len(cases)} | {passing} | {sum(ours.values())} | {credited} |")
        differing += [(name, case, theirs[case.name]) for case in different]
    lines = [
        "# LiveCodeBench's checker",
        "",
        f"`python -m benchmarks.livecodebench --data FOLDER`: {programs} programs that models wrote, half of them "
        f"wrong, every other one made to read and print, seed {seed}, and {len(cases) - programs} written for one rule "
        f"each; the checker of {EVALSCOPE[0].replace('==', ' ')} in the same run; {describe_machine()}.",
        "",
        "| launcher | the same verdict | pass there | pass here | credited beyond the checker |",
        "|---|---|---|---|---|",
        *rows,
        "",
        "## What differs",
        "",
        "| launcher | case | there | why |",
        "|---|---|---|---|",
        *(f"| {name} | {cell(case.name)} | {_said(there)} | {_reason(case)} |" for name, case, there in differing),
    ]
    write_report(report, lines)
    sys.exit(0 if all(case.name in REASONS for _, case, _ in differing) else 1)


def _checked(cases: list[Case]) -> dict[str, bool]:
    peer = Peer("LiveCodeBench's checker", [interpreter_with(*EVALSCOPE)], HERE / "official.py")
    answers = {}
    for case in track(cases, description="LiveCodeBench"):
        asked = {"program": case.program, "inputs": case.inputs, "outputs": case.outputs, "function": case.function}
        answers[case.name] = bool(peer.ask(asked))
    peer.close()
    return answers


def _evaluated(cases: list[Case], launcher: str) -> dict[str, bool]:
    """Let `acecoder eval` score the programs, each as the one program of a task."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_jsonl(folder / "test.jsonl", [_row(case) for case in cases])
        write_jsonl(folder / "programs.jsonl", [{"task_id": case.name, "program": case.program} for case in cases])
        own = ['extends = "paper/livecodebench-v4"', "[data]", f"rows = {len(cases)}", "sha256 = []"]
        (folder / "own.toml").write_text("\n".join([*own, 'files = ["test.jsonl"]']) + "\n", encoding="utf-8")
        typer.echo(f"judging in {launcher}", err=True)
        found = evaluate_programs(
            [read_protocol(str(folder / "own.toml"))],
            [str(folder / "programs.jsonl")],
            name,
            folder / "out",
            name="recorded",
            sandbox={"launcher": launcher, "set": "base"},
        )
        return {each.sample.task_id: each.passed for each in found.scores[0].samples}


def _row(case: Case) -> dict[str, str]:
    """Return a case as a row of LiveCodeBench's data."""
    kind = "functional" if case.function else "stdin"
    tests = [
        {"input": given, "output": wanted, "testtype": kind}
        for given, wanted in zip(case.inputs, case.outputs, strict=True)
    ]
    return {
        "question_id": case.name,
        "question_content": case.name,
        "starter_code": "",
        "public_test_cases": json.dumps(tests[:1]),
        "private_test_cases": json.dumps(tests[1:]),
        "metadata": json.dumps({"func_name": case.function} if case.function else {}),
        "contest_date": "2024-08-10T00:00:00",
        "difficulty": "easy",
    }


def _said(passed: bool) -> str:
    return "passes" if passed else "fails"


def _reason(case: Case) -> str:
    return REASONS.get(case.name, "**not known**")

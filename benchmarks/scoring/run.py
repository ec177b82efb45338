"""How fast finished programs are scored, and whether the scores are EvalPlus's: `python -m benchmarks.scoring`.

`acecoder eval --programs` and `evalplus.evaluate` score the same programs that models wrote, one after the other, on
the same cores, each from nothing: what references answer is computed by both. The command fails where a score differs,
or more than one task in a thousand, or a program is credited that EvalPlus fails.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from benchmarks.common.machine import describe_machine
from benchmarks.common.peers import EVALPLUS, interpreter_with
from benchmarks.common.recorded import benchmark_tasks
from benchmarks.common.report import ReportPath, cell, write_jsonl, write_report

REPORT = Path(__file__).with_name("results.md")
MUST_AGREE = 0.999
KINDS = {"base": "base_passed", "plus": "passed"}
"""EvalPlus's word for a kind of tests, and the column of our results."""


@dataclass(frozen=True)
class DataSet:
    """A data set of EvalPlus.

    Attributes:
        name: what EvalPlus calls it.
        file: its file, without the ending.
        variable: names the file to EvalPlus.
        benchmark: what it is called here.
    """

    name: str
    file: str
    variable: str
    benchmark: str


DATA_SETS = (
    DataSet("humaneval", "HumanEvalPlus", "HUMANEVAL_OVERRIDE_PATH", "humaneval+"),
    DataSet("mbpp", "MbppPlus", "MBPP_OVERRIDE_PATH", "mbpp+"),
)


def main(
    data: Annotated[Path, typer.Option(help="Folder with programs.parquet and benchmarks/.")],
    dataset: Annotated[list[str] | None, typer.Option(help="humaneval, mbpp; both when left out.")] = None,
    programs: Annotated[int, typer.Option(help="Programs of each data set, evenly over its tasks.")] = 10_000,
    launcher: Annotated[str, typer.Option(help="What starts our sandboxes.")] = "docker",
    seed: Annotated[int, typer.Option(help="Of the drawing.")] = 0,
    report: ReportPath = REPORT,
) -> None:
    """Let both score, compare, write the report."""
    rows, notes, is_good = [], [], True
    for each in DATA_SETS:
        if dataset is None or each.name in dataset:
            row, differing, equal = _compare(each, data, programs, launcher, seed)
            rows.append(row)
            notes += differing
            is_good &= equal
    lines = [
        "# Scoring finished programs",
        "",
        f"`python -m benchmarks.scoring --data FOLDER`: programs that models wrote, evenly over the tasks (a task "
        f"without programs has its reference), seed {seed}; evalplus 0.3.1 without a sandbox, ours in {launcher}, "
        f"both on all cores and from nothing; {describe_machine()}.",
        "",
        "| data | programs | seconds | EvalPlus's | times as fast | pass@1, base and plus | pass@10 | EvalPlus's "
        "| tasks with its counts |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
        "",
        "## What differs",
        "",
        "| task | tests | here | there |",
        "|---|---|---|---|",
        *notes,
    ]
    write_report(report, lines)
    sys.exit(0 if is_good else 1)


def _compare(dataset: DataSet, data: Path, count: int, launcher: str, seed: int) -> tuple[str, list[str], bool]:
    """Return the row of a data set, rows about tasks that differ, and whether all is as it must be."""
    tasks = benchmark_tasks(data, dataset.file)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = _write_samples(folder / "samples.jsonl", tasks, data, count, seed)
        ours, our_seconds = _ours(folder, dataset, data, launcher)
        theirs, their_seconds = _theirs(folder, dataset, data)
    differing, equal, credited = [], 0, 0
    for task in tasks:
        here, there = ours[task["task_id"]], theirs[task["task_id"]]
        equal += here == there
        credited += sum(here[kind] > there[kind] for kind in KINDS)
        differing += [
            f"| {cell(task['task_id'])} | {kind} | {here[kind]} of {samples[task['task_id']]} | {there[kind]} |"
            for kind in KINDS
            if here[kind] != there[kind]
        ]
    total = sum(samples.values())
    here_scores, there_scores = (_scores(found, samples) for found in (ours, theirs))
    row = (
        f"| {dataset.file} | {total:,} | {our_seconds:.0f} | {their_seconds:.0f} | {their_seconds / our_seconds:.1f} "
        f"| {' / '.join(here_scores[:2])} | {' / '.join(here_scores[2:])} | {', '.join(there_scores)} "
        f"| {equal} of {len(tasks)} |"
    )
    is_good = here_scores == there_scores and equal >= MUST_AGREE * len(tasks) and not credited
    return row, differing, is_good


def _write_samples(path: Path, tasks: list[dict[str, Any]], data: Path, count: int, seed: int) -> Counter[str]:
    """Write programs for every task; return how many each has."""
    each = -(-count // len(tasks))
    rows = pl.read_parquet(data / "programs.parquet", columns=["question_id", "program_id", "program"])
    numbers = {re.sub(r"\D", "", task["task_id"]): task["task_id"] for task in tasks}
    prefix = tasks[0]["task_id"].partition("/")[0].lower()
    drawn = (
        rows.filter(pl.col("question_id").str.to_lowercase().str.starts_with(f"{prefix}/"))
        .with_columns(task_id=pl.col("question_id").str.split("/").list.last().replace_strict(numbers, default=None))
        .drop_nulls("task_id")
        .sort("program_id")
        .sample(fraction=1.0, shuffle=True, seed=seed)
        .group_by("task_id", maintain_order=True)
        .head(each)
    )
    samples = drawn.select("task_id", solution="program").to_dicts()
    known = {sample["task_id"] for sample in samples}
    samples += [
        {"task_id": task["task_id"], "solution": task["prompt"] + task["canonical_solution"]}
        for task in tasks
        if task["task_id"] not in known
    ]
    write_jsonl(path, samples)
    return Counter(sample["task_id"] for sample in samples)


def _ours(folder: Path, dataset: DataSet, data: Path, launcher: str) -> tuple[dict[str, dict[str, int]], float]:
    """Return how many programs of each task pass, by kind of tests, and the seconds of the command."""
    command = [sys.executable, "-m", "acecoder_dagster", "eval", "--programs", str(folder / "samples.jsonl")]
    command += [
        "--suite",
        f"upstream/{dataset.benchmark}",
        "--data",
        str(data / "benchmarks"),
        "-o",
        str(folder / "out"),
    ]
    started = time.perf_counter()
    subprocess.run([*command, "--launcher", launcher], check=True)
    seconds = time.perf_counter() - started
    results = pl.read_parquet(folder / "out" / "results.parquet")
    counted = results.group_by("task_id").agg(pl.col(list(KINDS.values())).sum())
    return {
        row["task_id"]: {kind: row[column] for kind, column in KINDS.items()} for row in counted.iter_rows(named=True)
    }, seconds


def _theirs(folder: Path, dataset: DataSet, data: Path) -> tuple[dict[str, dict[str, int]], float]:
    """Return the same of EvalPlus. Its cache of what references answer is empty."""
    file = folder / f"{dataset.file}.jsonl"
    write_jsonl(file, benchmark_tasks(data, dataset.file))
    cores = len(os.sched_getaffinity(0))
    command = [interpreter_with(*EVALPLUS), "-m", "evalplus.evaluate", "--dataset", dataset.name]
    command += ["--samples", str(folder / "samples.jsonl"), "--parallel", str(cores)]
    environment = os.environ | {dataset.variable: str(file), "XDG_CACHE_HOME": str(folder / "cache")}
    started = time.perf_counter()
    subprocess.run(command, check=True, env=environment)
    seconds = time.perf_counter() - started
    found = json.loads((folder / "samples_eval_results.json").read_text(encoding="utf-8"))["eval"]
    return {
        task_id: {
            "base": sum(each["base_status"] == "pass" for each in results),
            "plus": sum(each["base_status"] == each["plus_status"] == "pass" for each in results),
        }
        for task_id, results in found.items()
    }, seconds


def _scores(passed: dict[str, dict[str, int]], samples: Counter[str]) -> list[str]:
    """Return pass@1 of both kinds of tests, then pass@10 over the tasks that have ten programs."""
    from acecoder_dagster.evaluation.statistics import pass_at_k

    scores = []
    for k in (1, 10):
        enough = [task_id for task_id, count in samples.items() if count >= k]
        for kind in KINDS:
            rates = pass_at_k([samples[name] for name in enough], [passed[name][kind] for name in enough], k)
            scores.append(f"{rates.mean():.4f}" if enough else "")
    return scores

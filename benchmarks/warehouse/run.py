"""How fast the warehouse, its queries and the preference pairs are at the paper's scale.

`python -m benchmarks.warehouse` generates 89,422 questions with 16 programs each and 15.6 tests on average, and a
history of 365 refreshes, and measures. Seconds of wall time and of CPU time (all threads): on a busy machine only the
second is to be trusted. The report is benchmarks/warehouse/results.md.
"""

import os
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.lake.partitions import UNPARTITIONED
from acecoder_dagster.data.tables import PREFERENCE_PAIRS, QUESTIONS, SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.data.warehouse import build_warehouse, named_queries, run_query
from acecoder_dagster.learning.preference import PROGRAM_COLUMNS, RESULT_COLUMNS, PairSettings, build_pairs
from benchmarks.common.machine import describe_machine
from benchmarks.common.report import ReportPath, write_report
from benchmarks.warehouse.generated_history import write_generated_history
from benchmarks.warehouse.generated_lake import write_generated_lake

Result = TypeVar("Result")

REPORT = Path(__file__).with_name("results.md")

RULES = (
    PairSettings(rule="released", max_pairs_per_question="all", weighting="pair"),
    PairSettings(rule="paper", max_pairs_per_question="all", weighting="pair"),
    PairSettings(),
)
"""Ours last: its pairs are those that the queries find."""


@dataclass(frozen=True)
class Measured:
    """Rows made or found, seconds of wall time and of processor time, and the process's peak memory in MB."""

    rows: int
    seconds: float
    cpu_seconds: float
    peak_mb: int


def main(
    questions: Annotated[int, typer.Option(help="Questions to generate.")] = 89_422,
    programs: Annotated[int, typer.Option(help="Programs per question.")] = 16,
    refreshes: Annotated[int, typer.Option(help="Refreshes of the history.")] = 365,
    report: ReportPath = REPORT,
) -> None:
    """Generate, measure, write the report."""
    with tempfile.TemporaryDirectory() as folder:
        lake, warehouse = Lake(Path(folder) / "lake"), Path(folder) / "acecoder.duckdb"
        _in_process(partial(write_generated_lake, lake, questions, programs))
        measured = {f"pairs, rule {rule.rule}": _in_process(partial(_measure, _pairs, lake, rule)) for rule in RULES}
        measured["build the warehouse, the first time"] = _in_process(partial(_measure, _build, lake, warehouse))
        write_generated_history(warehouse, refreshes)
        measured["build the warehouse again"] = _in_process(partial(_measure, _build, lake, warehouse))
        tables = run_query(warehouse, "SELECT count(*) AS outcomes FROM outcomes").item()
        recorded = run_query(warehouse, "SELECT count(*) AS rows FROM stage_history").item()
        measured |= _in_process(partial(_measure_queries, warehouse))
    lines = [
        "# The warehouse at the paper's scale",
        "",
        f"`python -m benchmarks.warehouse`; {describe_machine()}; {os.getloadavg()[0]:.1f} processes in line at the "
        f"end. {questions:,} questions, {questions * programs:,} programs, {tables:,} outcomes; a "
        f"history of {refreshes:,} refreshes that each made everything anew ({recorded:,} rows). Pairs, warehouse "
        "and queries each in a process of their own; pairs from reading their tables to the written file.",
        "",
        "| | rows | seconds | CPU seconds | peak memory, MB |",
        "|---|---|---|---|---|",
    ]
    for what, each in measured.items():
        lines.append(f"| {what} | {each.rows:,} | {each.seconds:.2f} | {each.cpu_seconds:.2f} | {each.peak_mb:,} |")
    write_report(report, lines)


def _in_process(run: Callable[[], Result]) -> Result:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(run).result()


def _measure(run: Callable[..., int], *given: object) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    rows = run(*given)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(rows, wall, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def _build(lake: Lake, warehouse: Path) -> int:
    return build_warehouse(lake, warehouse).rows["pass_rates"]


def _measure_queries(warehouse: Path) -> dict[str, Measured]:
    measured = {}
    for name, query in named_queries().items():
        values = {variable.name: _value(variable.name, warehouse) for variable in query.variables}
        measured[f"query {name}"] = _measure(_query, warehouse, name, values)
    return measured


def _query(warehouse: Path, name: str, values: dict[str, str]) -> int:
    return run_query(warehouse, name, values).height


def _value(variable: str, warehouse: Path) -> str:
    """Return something to set: the warehouse is compared with itself, the one model with itself."""
    month_ago = str(date.today() - timedelta(days=30))
    known = {"other": str(warehouse), "since": month_ago, "prompt_price": "0.15", "completion_price": "0.6"}
    return known.get(variable, "generated")


def _pairs(lake: Lake, settings: PairSettings) -> int:
    results = lake.read(TEST_RESULTS, columns=RESULT_COLUMNS)
    programs = lake.read(SAMPLED_PROGRAMS, columns=PROGRAM_COLUMNS)
    pairs, rejected = build_pairs(results, programs, lake.read(QUESTIONS), settings)
    lake.write(PREFERENCE_PAIRS, UNPARTITIONED, pairs, content_key=settings.rule, rejected=rejected)
    return pairs.height

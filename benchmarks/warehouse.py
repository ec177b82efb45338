"""How fast the warehouse, its queries and the preference pairs are at the paper's scale.

`python -m benchmarks.warehouse` generates 89,422 questions with 16 programs each and 15.6 tests on average, measures,
and prints a table. Seconds of wall time and of CPU time (all threads): on a busy machine only the second is to be
trusted.
"""

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.table import Table

from acecoder_dagster.lake import Lake
from acecoder_dagster.lake.partitions import UNPARTITIONED
from acecoder_dagster.preference import PairSettings, build_pairs
from acecoder_dagster.tables import PREFERENCE_PAIRS, QUESTIONS, SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.warehouse import build_warehouse, named_queries, run_query
from benchmarks.generated_lake import write_generated_lake

RULES = (
    PairSettings(),
    PairSettings(rule="paper", max_pairs_per_question="all", weighting="pair"),
    PairSettings(rule="released", max_pairs_per_question="all", weighting="pair"),
)


def main(
    questions: Annotated[int, typer.Option(help="Questions to generate.")] = 89_422,
    programs: Annotated[int, typer.Option(help="Programs per question.")] = 16,
) -> None:
    """Generate, measure, print."""
    table = Table("what", "rows", "seconds", "CPU seconds", "peak memory MB")

    def measure(what: str, run: Callable[[], int]) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        rows = run()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        table.add_row(what, f"{rows:,}", f"{wall:.2f}", f"{cpu:.2f}", f"{peak:,}")

    with tempfile.TemporaryDirectory() as folder:
        lake, warehouse = Lake(Path(folder) / "lake"), Path(folder) / "acecoder.duckdb"
        _generate(lake, questions, programs)
        measure("build the warehouse", lambda: build_warehouse(lake, warehouse).rows["pass_rates"])
        judged = [lake.read(needed) for needed in (TEST_RESULTS, SAMPLED_PROGRAMS, QUESTIONS)]
        for settings in RULES:
            measure(f"pairs, rule {settings.rule}", lambda settings=settings: _write_pairs(lake, judged, settings))
        measure("build it with pairs", lambda: build_warehouse(lake, warehouse).rows["pass_rates"])
        for name in named_queries():
            measure(f"query {name}", lambda name=name: run_query(warehouse, name).height)
    Console().print(table)


def _generate(lake: Lake, questions: int, programs: int) -> None:
    """Write the rows in a process of its own, so that its memory does not count."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as writer:
        writer.submit(write_generated_lake, lake, questions, programs).result()


def _write_pairs(lake: Lake, judged: list[pl.DataFrame], settings: PairSettings) -> int:
    pairs, rejected = build_pairs(*judged, settings)
    lake.write(PREFERENCE_PAIRS, UNPARTITIONED, pairs, content_key=settings.rule, rejected=rejected)
    return pairs.height


if __name__ == "__main__":
    typer.run(main)

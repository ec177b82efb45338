"""Programs judged per second, beside the bare cost of a process: `python -m benchmarks.judge`.

One worker judges a 20-line program by 16 asserts, sealed. The same run measures fork + exit + wait of an interpreter
that holds nothing but itself: what no judge that gives each program a process of its own can beat.
"""

import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from acecoder_dagster.sandbox import Judge, Outcome, ProgramJob, QuestionTests, SandboxSettings, SandboxUnavailableError

PROGRAMS = 1000
WARM_UP = 100

PROGRAM = '''
def merge_intervals(intervals):
    """Merge overlapping intervals; number {number}."""
    if not intervals:
        return []
    ordered = sorted(intervals, key=lambda pair: pair[0])
    merged = [list(ordered[0])]
    for start, end in ordered[1:]:
        last = merged[-1]
        if start <= last[1]:
            last[1] = max(last[1], end)
        else:
            merged.append([start, end])
    result = []
    for start, end in merged:
        if end < start:
            raise ValueError("interval ends before it starts")
        result.append((start, end))
    return result
'''
TESTS = tuple(f"assert merge_intervals([({i}, {i + 2}), ({i + 1}, {i + 5})]) == [({i}, {i + 5})]" for i in range(16))
BARE_FORKS = """
import os, time
started = time.perf_counter()
for _ in range({count}):
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
print({count} / (time.perf_counter() - started))
"""


def main() -> None:
    """Measure and print."""
    rows = [("fork + exit + wait, nothing else", bare_forks_per_second())]
    for launcher in ("docker", "bubblewrap"):
        try:
            rows.append((f"judge, {launcher}, sealed", programs_per_second(launcher)))
        except SandboxUnavailableError as error:
            print(f"{launcher}: {error}")
    table = Table("one worker", "programs per second", "share of bare forks")
    for name, rate in rows:
        table.add_row(name, f"{rate:,.0f}", f"{rate / rows[0][1]:.2f}")
    Console(width=110).print(table)


def bare_forks_per_second() -> float:
    """Return how many children this machine can fork, end and wait for in a second."""
    measured = subprocess.run(
        [sys.executable, "-I", "-S", "-c", BARE_FORKS.format(count=PROGRAMS)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(measured.stdout)


def programs_per_second(launcher: str) -> float:
    """Return how many different programs one worker judges in a second, start-up not counted."""
    question = QuestionTests("merge", "merge_intervals", "", TESTS)

    def jobs(first: int, count: int) -> list[ProgramJob]:
        numbers = range(first, first + count)
        return [ProgramJob(question, str(number), PROGRAM.replace("{number}", str(number))) for number in numbers]

    with Judge(SandboxSettings.model_validate({"launcher": launcher, "workers": 1})) as judge:
        assert all(verdict.verdict is Outcome.PASSED for verdict in judge.judge(jobs(0, WARM_UP)))
        started = time.perf_counter()
        judged = sum(1 for _ in judge.judge(jobs(WARM_UP, PROGRAMS)))
        return judged / (time.perf_counter() - started)


if __name__ == "__main__":
    main()

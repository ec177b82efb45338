"""Where the time of judging one program goes: the stages of its sandbox, left out one after the other."""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from acecoder_dagster.judge import SandboxSettings
from acecoder_dagster.judge.guest import zygote
from acecoder_dagster.judge.guest.compiling import pack_program
from acecoder_dagster.judge.launch.choosing import choose_launcher
from acecoder_dagster.judge.plan.planning import plan_question
from acecoder_dagster.judge.sandbox import Sandbox
from benchmarks.judge.contestants import zygotes
from benchmarks.judge.programs import PROGRAM, QUESTION

JOBS = 200
ROUNDS = 5
BATCH = 16


def measure_stages(launcher: str) -> list[str]:
    """Run jobs that do a part of the work only.

    Args:
        launcher: docker or bubblewrap.

    Returns:
        A table in Markdown: microseconds at best from asking to knowing, processor time of the sandbox, page faults of
        the child and of the zygote, all per program.
    """
    before = set(zygotes(launcher))
    sandbox = choose_launcher(SandboxSettings.model_validate({"launcher": launcher})).start(False)
    try:
        (process,) = [new for new in zygotes(launcher) if new not in before][-1:]
        stages = _stages(sandbox)
        measured: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in stages}
        for _ in range(ROUNDS):
            for name, job in stages.items():
                measured[name].append(_measure(sandbox, process, job))
    finally:
        sandbox.close()
    lines = [
        "| each program gets | microseconds | processor time | page faults, child | zygote |",
        "|---|---|---|---|---|",
    ]
    for name, rounds in measured.items():
        numbers = [statistics.median(column) for column in zip(*rounds, strict=True)]
        lines.append(f"| {name} | {' | '.join(f'{number:,.0f}' for number in numbers)} |")
    return [
        *lines,
        "",
        "Each row does what the rows above do, and more; that in brackets stands alone. Microseconds are the "
        "shortest from asking to knowing; the processor time is the sandbox's. A fork copies the page table, and later "
        "each page that parent or child writes to: the faults.",
    ]


def _stages(sandbox: Sandbox) -> dict[str, Callable[[], None]]:
    program = pack_program(PROGRAM.encode())
    plan = plan_question(QUESTION)
    steps = len(plan.tests)
    sandbox.send_question(plan.calls)

    def job(content: bytes, first: int, kind: bytes) -> Callable[[], None]:
        def run() -> None:
            sandbox.send_job(content, first, steps, kind)
            sandbox.receive()

        return run

    def together() -> None:
        sandbox.send_programs([program] * BATCH, steps)
        sandbox.receive_programs()

    return {
        "a process: fork, user, end, wait": job(b"", 0, zygote.COMPILE),
        "and an empty program": job(pack_program(b""), steps, zygote.JUDGE),
        "and its own program": job(program, steps, zygote.JUDGE),
        "and 16 calls, values encoded and written": job(program, 0, zygote.JUDGE),
        f"({BATCH} programs together: compiled, then the same for each)": together,
    }


def _measure(sandbox: Sandbox, process: int, job: Callable[[], None]) -> tuple[float, float, float, float]:
    walls = []
    before = _usage(process)
    for _ in range(JOBS):
        started = time.perf_counter()
        job()
        walls.append((time.perf_counter() - started) * 1e6)
    cpu, own_faults, child_faults = (now - then for now, then in zip(_usage(process), before, strict=True))
    return min(walls), cpu / JOBS, child_faults / JOBS, own_faults / JOBS


def _usage(process: int) -> tuple[float, int, int]:
    """Return microseconds of processor time with children, own page faults, and those of children."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    cpu = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK") * 1e6
    return cpu, int(fields[7]), int(fields[8])

"""What the judge is timed beside, and how each is timed: wall clock, and processor time of all its processes."""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import docker

from acecoder_dagster.judge import Judge, Outcome, ProgramJob, SandboxSettings, Verdict, ensure_image
from acecoder_dagster.judge.guest.preloading import COMMON_MODULES
from acecoder_dagster.judge.launch.containers import LABEL
from acecoder_dagster.judge.sandbox import GUEST_PACKAGE
from benchmarks.common.peers import EVALPLUS, Peer, interpreter_with
from benchmarks.judge.programs import split_call

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
ZYGOTE = GUEST_PACKAGE.encode()  # in the command line of every zygote


@dataclass
class Effort:
    """What judging took: programs, seconds of wall clock and of processor time, and how it ended.

    `host_cpu` is the part of the processor time that this process used, outside the sandboxes.
    """

    programs: int = 0
    wall: float = 0.0
    cpu: float = 0.0
    host_cpu: float = 0.0
    hanging: set[str] = field(default_factory=set)
    passed: dict[str, tuple[bool, ...]] = field(default_factory=dict)

    def add(self, other: "Effort") -> None:
        """Add what a further part took."""
        self.programs += other.programs
        self.wall += other.wall
        self.cpu += other.cpu
        self.host_cpu += other.host_cpu
        self.hanging |= other.hanging
        self.passed |= other.passed


class Contestant(Protocol):
    """Something that can be timed in short parts, in turn with others."""

    name: str

    def run(self, jobs: Sequence[ProgramJob]) -> Effort:
        """Judge programs and say what it took."""

    def close(self) -> None:
        """End it."""


class OurJudge:
    """The judge, through its public door."""

    def __init__(self, launcher: str, workers: int) -> None:
        self.name = f"judge, {launcher}" + (f", {workers} workers" if workers > 1 else "")
        self._judge = Judge(SandboxSettings.model_validate({"launcher": launcher, "workers": workers}))

    def run(self, jobs: Sequence[ProgramJob]) -> Effort:
        """Judge programs, each in a sandboxed process of its own."""
        sandboxes, host, started = self._sandbox_seconds(), time.process_time(), time.perf_counter()
        verdicts = list(self._judge.judge(jobs))
        wall, host_cpu = time.perf_counter() - started, time.process_time() - host
        cpu = host_cpu + self._sandbox_seconds() - sandboxes
        hanging = {verdict.program_id for verdict in verdicts if _has_timed_out(verdict)}
        passed = {verdict.program_id: verdict.passed for verdict in verdicts}
        return Effort(len(verdicts), wall, cpu, host_cpu, hanging, passed)

    def count(self, jobs: Iterable[ProgramJob]) -> int:
        """Judge programs and keep nothing but their number."""
        return sum(1 for _ in self._judge.judge(jobs))

    def resident_mb(self) -> tuple[float, float]:
        """Return the memory of this process, and of all sandboxes together."""
        return _resident_mb(os.getpid()), sum(map(_resident_mb, self._processes()))

    def close(self) -> None:
        """End its sandboxes."""
        self._judge.close()

    def _sandbox_seconds(self) -> float:
        return sum(map(_cpu_seconds_of, self._processes()))

    def _processes(self) -> list[int]:
        """Return the zygotes and what lives beside each: the clerk, for which nobody has waited."""
        return [p for zygote in zygotes(self._judge.launcher_name) for p in (zygote, *_descendants(zygote))]


class Checker:
    """A peer that runs programs, and answers how long they took and what passed."""

    def __init__(self, name: str, command: Sequence[str], script: str, greeting: object = None) -> None:
        """Start it; what it is like is said at `Peer`. The script is beside this file."""
        self.name = name
        self._peer = Peer(name, command, Path(__file__).with_name(script), greeting)
        self._peer.answer()

    def run(self, jobs: Sequence[ProgramJob]) -> Effort:
        """Check programs, each in a process of its own."""
        answer = self._peer.ask([_for_peer(job) for job in jobs])
        passed = {job.program_id: tuple(row) for job, row in zip(jobs, answer["passed"], strict=True)}
        return Effort(len(jobs), answer["wall"], answer["cpu"], passed=passed)

    def close(self) -> None:
        """End its process."""
        self._peer.close()


def evalplus() -> Checker:
    """Start evalplus's `untrusted_check`, without any sandbox."""
    return Checker("evalplus 0.3.1, no sandbox", [interpreter_with(*EVALPLUS)], "evalplus_checker.py")


def limit(launcher: str) -> Checker:
    """Start the interpreter of a launcher's sandboxes, without any sandbox: see `unsandboxed`."""
    greeting = COMMON_MODULES.split()
    if launcher == "bubblewrap":
        interpreter = [sys._base_executable, "-I", "-S"]  # type: ignore[attr-defined]
        return Checker("limit, this interpreter", interpreter, "unsandboxed.py", greeting)
    with contextlib.closing(docker.from_env()) as engine:
        image = ensure_image(engine, SandboxSettings().read_set())
        parent = ["--cgroup-parent", "/"] if engine.info()["CgroupDriver"] == "cgroupfs" else []
    plain = ["--security-opt", "seccomp=unconfined", "--network", "none", *parent]
    command = ["docker", "run", "--rm", "--interactive", *plain, image, "python3", "-I", "-S"]
    return Checker("limit, the image's interpreter", command, "unsandboxed.py", greeting)


def _has_timed_out(verdict: Verdict) -> bool:
    return bool({Outcome.CPU_TIMEOUT, Outcome.WALL_TIMEOUT} & set(verdict.outcomes))


def _for_peer(job: ProgramJob) -> dict[str, object]:
    calls = [split_call(test, job.question.entry_point) for test in job.question.tests]
    return {
        "program": job.program,
        "entry_point": job.question.entry_point,
        "inputs": [call.arguments for call in calls if call],
        "expected": [call.expected for call in calls if call],
        "tests": job.question.tests,
    }


def zygotes(launcher: str) -> list[int]:
    """Return the first processes of the sandboxes that this process has started."""
    if launcher == "docker":
        return _containers()
    return [process for process in _descendants(os.getpid()) if ZYGOTE in _command(process) and _is_first(process)]


def _containers() -> list[int]:
    engine = docker.from_env()
    containers = engine.containers.list(filters={"label": f"{LABEL}={os.getpid()}"}, ignore_removed=True)
    found = [int(engine.api.inspect_container(container.id)["State"]["Pid"]) for container in containers]
    engine.close()
    return found


def _descendants(process: int) -> list[int]:
    children = [
        int(child) for path in Path(f"/proc/{process}/task").glob("*/children") for child in path.read_text().split()
    ]
    return children + [grandchild for child in children for grandchild in _descendants(child)]


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def _is_first(process: int) -> bool:
    """Whether it is the first process of its namespace."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1] == "1"


def _cpu_seconds_of(process: int) -> float:
    """Return the processor time of a process and of the children it has waited for."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS_PER_SECOND


def _resident_mb(process: int) -> float:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

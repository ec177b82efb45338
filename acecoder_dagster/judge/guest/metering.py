"""Measures from outside what a program uses while it runs."""

from __future__ import annotations

import contextlib
import mmap
import operator
import os
import resource
import time
from typing import Any

TICK_SECONDS = 0.02
WALL_FACTOR = 10  # on a crowded machine a test may take so many times its limits
SCRATCH_DIRECTORIES = ("/tmp", "/dev/shm")  # noqa: S108 - the sandbox's own
MAX_SCRATCH_FILES = 16 << 10  # empty files and folders use memory that no size of a file system limits
# The limits a program can reach.
NOTHING, CPU, WALL, MEMORY, OUTPUT, HURRY = b"-", b"cpu", b"wall", b"memory", b"output", b"hurry"
HURRY_SECONDS = 0.1  # a program that computes or waits longer makes way for others, and is run again alone
_RUNNING, _ENDED = "R", "ZX"  # states of a thread, see proc(5)
_READING = {"D"}
_ENDED_CHILDREN = slice(13, 15)  # cutime and cstime, of the fields after the name
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Meter:
    """Measures the one program of a sandbox: all its processes, those that have ended included.

    What an ended process used is known to the one that waited for it, and else to the zygote: `hardening` lets no
    process have its children forgotten. When the report grows, the next test has begun. Loading and all tests together
    may not use more than the sum of their limits.
    """

    def __init__(
        self,
        report: int,
        steps: int,
        in_hurry: int,
        listening: mmap.mmap | None,
        settings: dict[str, Any],
        shared_bytes: int,
        clerk: int,
    ) -> None:
        # Of two processes that talk, each waits while the other computes, or while the other waits for a processor. A
        # program can say that it listens when it does not: then it may wait as long as one that does.
        self.listening = listening
        patience = 0 if listening is None else WALL_FACTOR
        self.report = report
        self.parts = steps + 1
        self.in_hurry = in_hurry
        self.shared_bytes = shared_bytes
        self.not_measured = ("1", str(clerk))  # the zygote and the clerk
        self.ended_before = children_seconds()
        self.cpu_limit: float = settings["cpu_seconds_per_test"]
        self.wait_limit: float = settings["wait_seconds_per_test"]
        self.listening_limit = self.wait_limit + patience * self.cpu_limit
        self.hurry_limits = (HURRY_SECONDS, HURRY_SECONDS, HURRY_SECONDS * (1 + patience))
        self.wall_limit = WALL_FACTOR * (self.cpu_limit + self.listening_limit)
        self.report_limit = report_limit(settings)
        self.memory_limit: int = settings["memory_mb"] << 20
        self.born = self.looked = time.monotonic()
        self.waited = self.waited_or_listened = 0.0
        self.size = -1
        self.at_start = (0.0, 0.0, 0.0, 0.0)

    def exceeded(self) -> bytes:
        """Return the limit that the program has reached, or `NOTHING`. To be called at every tick."""
        now = time.monotonic()
        cpu, resident_bytes, waits = self._look()
        if waits:
            # On a crowded machine the last look is longer ago, and the program may have been ready to run meanwhile.
            passed = min(now - self.looked, 2 * TICK_SECONDS)
            self.waited_or_listened += passed
            if self.listening is None or not self.listening[0]:
                self.waited += passed
        self.looked = now
        size = os.fstat(self.report).st_size
        if size > self.report_limit or _scratch_files() > MAX_SCRATCH_FILES:
            return OUTPUT
        if resident_bytes > self.memory_limit:
            return MEMORY
        used = (cpu, self.waited, self.waited_or_listened, now - self.born)
        if self.in_hurry and any(map(operator.gt, used, self.hurry_limits)):
            return HURRY
        if size != self.size:
            self.size, self.at_start = size, used
        limits = (self.cpu_limit, self.wait_limit, self.listening_limit, self.wall_limit)
        for name, limit, total, before in zip((CPU, WALL, WALL, WALL), limits, used, self.at_start, strict=True):
            if total - before > limit or total > limit * self.parts:
                return name
        return NOTHING

    def _look(self) -> tuple[float, int, bool]:
        """Processor time and memory of all processes of the program, and whether all of them wait.

        Memory that they share with the zygote does not count. A thread that runs, or is ready to run, does not wait. A
        program that reads from a disk does not wait either, because that depends on the machine, unless another of its
        processes sleeps meanwhile.
        """
        seconds, used = children_seconds() - self.ended_before, 0
        states: set[str] = set()
        for process in os.listdir("/proc"):
            if process.isdigit() and process not in self.not_measured:
                # Any of them, and any of its threads, may have just ended.
                with contextlib.suppress(OSError):
                    seconds += _seconds_of_ended_children(process)
                    # The CPU clock of another process, see clock_getcpuclockid(3).
                    seconds += time.clock_gettime((~int(process) << 3) | 2)
                    used += max(0, memory_of(process)[1] - self.shared_bytes)
                    for thread in os.listdir(f"/proc/{process}/task"):
                        with open(f"/proc/{process}/task/{thread}/stat") as file:
                            states.add(file.read().rpartition(")")[2].split()[0])
        states.difference_update(_ENDED)
        return seconds, used, _RUNNING not in states and states != _READING


def report_limit(settings: dict[str, Any]) -> int:
    """Return how many bytes a program may report."""
    limit: int = settings["report_mb"] << 20
    return limit


def children_seconds() -> float:
    """Return the processor time of all processes that have ended and that the calling process has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _seconds_of_ended_children(process: str) -> float:
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[_ENDED_CHILDREN])) / _TICKS_PER_SECOND


def memory_of(process: str) -> tuple[int, int]:
    """Return how many bytes of address space and of resident memory a process has."""
    with open(f"/proc/{process}/statm") as file:
        pages = file.read().split()
    return int(pages[0]) * resource.getpagesize(), int(pages[1]) * resource.getpagesize()


def _scratch_files() -> int:
    systems = [os.statvfs(directory) for directory in SCRATCH_DIRECTORIES]
    return sum(system.f_files - system.f_ffree for system in systems)

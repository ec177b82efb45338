"""The first process of a sandbox: forks a child per program, watches it from outside, and cleans up after it.

It holds the calls of the current question and nothing else: no program, no value and, in a sandbox that runs
programs, no expected value ever enters its memory, because a child would inherit a copy. Programs and reports
are anonymous files that travel as descriptors from the host to the child.

It ends, and with it everything in its process namespace, when the host closes the socket or dies.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import shutil
import signal
import socket
import stat
import sys
import time
from typing import Any

from acecoder_dagster.sandbox.guest import child, compiling, encoding, hardening, metering, preloading

QUESTION, JOB, READY = b"Q", b"J", b"ready"
REPORT_DESCRIPTOR = 3
MAX_DESCRIPTORS = 64
CLEANING_SECONDS = 5.0
MAX_FILE_BYTES = 16 << 20
WORST_BADNESS = b"1000"
COMPILE, JUDGE, COMPARE = "compile", "judge", "compare"
# Executed by the zygote itself before it serves: what it specializes, caches and allocates then, no child has to.
REHEARSALS = 30
REHEARSAL = b"""
import math, re
from collections import Counter, defaultdict
from typing import Dict, List

class Point:
    def __init__(self, x, y=0):
        self.x, self.y = x, y

def rehearse(numbers: List[int]) -> Dict[str, object]:
    counts = defaultdict(int)
    for i, number in enumerate(sorted(numbers, key=lambda n: -n)):
        counts[str(number)] += i
        if number % 2 == 0 and not number < 0:
            continue
    words = [f"{k}-{v}" for k, v in counts.items()] + re.findall("[a-z]+", "one two")
    try:
        numbers[len(numbers)]
    except IndexError as error:
        words.append(str(error).upper().split()[0])
    return {"words": words, "sum": sum(numbers), "point": Point(1).x, "root": math.sqrt(4), "c": Counter("aab")}
"""
REHEARSAL_TESTS = ("(rehearse([3, 1, 2])['words'], )", "(rehearse([1, 2]), )", "(rehearse([]), (1, 2.5), {3}, None)")


class Zygote:
    """Serves one host connection; see `serve`."""

    def __init__(self, channel: socket.socket, settings: dict[str, Any]) -> None:
        if os.getpid() != 1:
            raise RuntimeError("the zygote must be the first process of a process namespace of its own")
        self.channel = channel
        self.settings = settings
        self.user_id: int | None = settings["user_id"] if hardening.can_change_user() else None
        self.question = child.PreparedQuestion({"setup": "", "tests": []})
        self.null_input = os.open("/dev/null", os.O_RDONLY)
        self.null_output = os.open("/dev/null", os.O_WRONLY)
        # The channel may have come with a number beyond the limit that later descriptors keep.
        self.descriptors_end = max(MAX_DESCRIPTORS, channel.fileno() + 1)
        # Opened now: a protected process that is not root's may not open it any more.
        self.memory_badness = os.open("/proc/self/oom_score_adj", os.O_RDWR)
        self.own_badness = os.pread(self.memory_badness, 16, 0)
        self.shared_bytes = 0

    def prepare(self) -> None:
        """Protects this process, loads what programs use, and tells the host that it is ready."""
        os.chdir(metering.SCRATCH_DIRECTORIES[0])
        preloading.preload(preloading.COMMON_MODULES)
        if self.settings["scientific"]:
            preloading.preload(preloading.SCIENTIFIC_MODULES)
        self._harden()
        encoding.allow_long_integers_as_text()
        child.prepare_interpreter()
        gc.disable()
        self._rehearse()
        for directory in metering.SCRATCH_DIRECTORIES:
            empty_directory(directory)
        gc.collect()
        gc.freeze()
        self.shared_bytes = metering.memory_of("self")[1]
        self.channel.send(READY)
        # Nobody reads on: a compiler that warns about a test must not fill the pipe and block.
        for descriptor, null in enumerate((self.null_input, self.null_output, self.null_output)):
            os.dup2(null, descriptor)

    def serve(self) -> None:
        """Answers questions and jobs until the host closes the connection."""
        while True:
            message, descriptors, _, _ = socket.recv_fds(self.channel, 4096, 2)
            if not message:
                return
            if message[:1] == QUESTION:
                self.question = child.PreparedQuestion(json.loads(read_whole(descriptors[0])))
                os.close(descriptors[0])
            else:
                result = self._run(json.loads(message[1:]), *descriptors)
                self.channel.send(json.dumps(result).encode())

    def _run(self, job: dict[str, Any], content: int, report: int) -> dict[str, Any]:
        started = time.monotonic()
        process = self._fork_to_be_killed_first()
        if process == 0:
            self._become_child(job, content, report)
        os.close(content)
        stopped_for = self._watch(process, report, job)
        _, status, usage = os.wait4(process, 0)
        os.close(report)
        clean = self._kill_rest() and self._clean_scratch()
        return {
            "stopped_for": stopped_for,
            "status": status,
            "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000, 3),
            "wall_ms": round((time.monotonic() - started) * 1000, 3),
            "peak_mb": round(usage.ru_maxrss / 1024, 1),
            "clean": clean,
        }

    def _fork_to_be_killed_first(self) -> int:
        """Forks a child that the kernel, where memory runs out, chooses before this process."""
        os.pwrite(self.memory_badness, WORST_BADNESS, 0)
        process = hardening.fork()
        if process != 0:
            os.pwrite(self.memory_badness, self.own_badness, 0)
        return process

    def _become_child(self, job: dict[str, Any], content_file: int, report: int) -> None:
        try:
            content = read_whole(content_file)
            os.dup2(report, REPORT_DESCRIPTOR)
            os.closerange(REPORT_DESCRIPTOR + 1, self.descriptors_end)
            os.setsid()
            if self.user_id is not None:
                hardening.become(self.user_id)
            os.write(REPORT_DESCRIPTOR, child.READY)
            gc.enable()
            mode, first = job["mode"], job["first"]
            if mode == COMPILE:
                compiling.compile_programs(content, first, REPORT_DESCRIPTOR)
            elif mode == COMPARE:
                child.compare_values(self.question, content, first, REPORT_DESCRIPTOR)
            else:
                child.judge_program(self.question, content, first, REPORT_DESCRIPTOR)
        finally:
            os._exit(0)

    def _rehearse(self) -> None:
        tests = [{"mode": "values", "prelude": "", "code": code} for code in REHEARSAL_TESTS]
        question = child.PreparedQuestion({"setup": "", "tests": tests})
        for _ in range(REHEARSALS):
            compiling.compile_programs(compiling.pack([REHEARSAL]), 0, self.null_output)
            child.judge_program(question, compiling.pack_program(REHEARSAL, b""), 0, self.null_output)
        del sys.modules["candidate"]

    def _harden(self) -> None:
        hardening.protect_zygote()
        # What this process occupies is shared with every program; the limit is for what comes on top.
        hardening.limit_resources(
            memory_bytes=metering.memory_of("self")[0] + (self.settings["memory_mb"] << 20),
            file_bytes=MAX_FILE_BYTES,
            processes=self.settings["processes"],
            descriptors=MAX_DESCRIPTORS,
        )
        if self.user_id is not None:
            hardening.join_group(self.user_id)
        hardening.install_system_call_filter()

    def _watch(self, process: int, report: int, job: dict[str, Any]) -> str:
        """Waits for the child and kills it at a limit; says which limit, empty when it ended by itself."""
        descriptor = os.pidfd_open(process)
        try:
            poller = select.poll()
            poller.register(descriptor, select.POLLIN)
            poller.register(self.channel, 0)  # reports nothing but the host hanging up
            meter = metering.Meter(report, job, self.settings, self.shared_bytes)
            while not (ready := poller.poll(metering.TICK_SECONDS * 1000)):
                exceeded = meter.exceeded()
                if exceeded:
                    os.kill(process, signal.SIGKILL)
                    return exceeded
            if any(which != descriptor for which, _ in ready):
                os._exit(0)
            return ""
        finally:
            os.close(descriptor)

    def _kill_rest(self) -> bool:
        deadline = time.monotonic() + CLEANING_SECONDS
        while time.monotonic() < deadline:
            try:
                process, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if process == 0:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)  # everything in this namespace but its first process
                time.sleep(0.001)
        return False

    def _clean_scratch(self) -> bool:
        if not any(os.listdir(directory) for directory in metering.SCRATCH_DIRECTORIES):
            return True
        process = os.fork()
        if process == 0:
            try:
                if self.user_id is not None:
                    hardening.become(self.user_id)
                for directory in metering.SCRATCH_DIRECTORIES:
                    empty_directory(directory)
            finally:
                os._exit(0)
        descriptor = os.pidfd_open(process)
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        if not poller.poll(CLEANING_SECONDS * 1000):
            os.kill(process, signal.SIGKILL)
        os.close(descriptor)
        os.waitpid(process, 0)
        return not any(os.listdir(directory) for directory in metering.SCRATCH_DIRECTORIES)


def empty_directory(directory: str) -> None:
    """Removes what is in a directory, as far as the calling user can."""
    for parent, names, _ in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if not stat.S_ISLNK(os.lstat(path).st_mode):
                os.chmod(path, stat.S_IRWXU)
    for name in os.listdir(directory):
        path = os.path.join(directory, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def read_whole(descriptor: int) -> bytes:
    """Reads an anonymous file from its beginning, wherever its offset stands."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)

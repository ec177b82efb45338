"""The first process of a sandbox: it forks a child per program, watches it from outside, and cleans up after it.

A child inherits a copy of its memory. So in a sandbox that runs programs it holds no program, no value, no expected
value and no call: the calls are the clerk's. Programs and reports are files without a name, whose descriptors travel
from the host to the child.

When the host closes the socket or dies, the zygote ends, and with it every process of the sandbox.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import mmap
import os
import select
import signal
import struct
import sys
import time
from _socket import CMSG_SPACE, socket  # the module above it would be half a megabyte more to fork
from typing import Any, NamedTuple

from acecoder_dagster.judge.guest import (
    child,
    clerk,
    clerks,
    compiling,
    driving,
    encoding,
    hardening,
    metering,
    preloading,
    reports,
    scratch,
    sharing,
)

REPORT_DESCRIPTOR = 3  # or the connection to the clerk: a child that it attends to has no report of its own
CONVERSATION_DESCRIPTOR = CODE_DESCRIPTOR = 4
MAX_DESCRIPTORS = 64
CLEANING_SECONDS = 5.0
MAX_FILE_BYTES = 16 << 20
SCRATCH_MODE = 0o1777
WORST_BADNESS = b"1000"
# What the question is: calls, for programs; or tests, for values and by proxies.
CALLS, TESTS = b"calls", b"tests"
COMPILE, JUDGE, COMPARE, READY = b"compile", b"judge", b"compare", b"ready"
PROGRAMS = b"programs"  # several to judge, each in a process of its own, after one has compiled them all
MAX_PROGRAMS = 16
# A program whose tests run in another sandbox, those tests, and a program with standard input and output.
SERVE, DRIVE, SCRIPT = b"serve", b"drive", b"script"
ATTENDED = (JUDGE, SERVE)  # jobs of a child that the clerk attends to
TALKING = (SERVE, DRIVE)  # jobs of a child that talks with one in another sandbox
KEEP_USER = -1
DESCRIPTOR = struct.Struct("i")
# Programs, their code, a report of the compiler's, and one of each program's.
DESCRIPTORS_SPACE = CMSG_SPACE((MAX_PROGRAMS + 3) * DESCRIPTOR.size)
NO_NUMBER = -1
UNCLEAN = b" 0"  # how an answer ends when something of the job is left
# The zygote executes this before it serves: what is specialized, cached and allocated then, no child has to do again.
REHEARSALS = 30
REHEARSAL = b"""
import heapq, itertools, math, re
from collections import Counter, defaultdict
from heapq import *
from typing import *

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
REHEARSAL_TESTS = ("rehearse([3, 1, 2])['words']", "rehearse([1, 2])", "(rehearse([]), (1, 2.5), {3}, None)")


class Job(NamedTuple):
    """What the host asks for.

    Attributes:
        kind: one of the words above.
        size: how many bytes the content has.
        first: the step to begin with.
        steps: how many steps there are.
        in_hurry: whether a child that takes long is stopped.
        start: where its text begins, of a program that came together with others.
        number: its number among them.
        sizes: of a job that compiles several programs: how many bytes each has.

    """

    kind: bytes
    size: int
    first: int
    steps: int
    in_hurry: int
    start: int = 0
    number: int = NO_NUMBER
    sizes: tuple[int, ...] = ()


class Zygote:
    """Serves one connection of the host."""

    def __init__(self, channel: socket, settings: dict[str, Any]) -> None:
        if os.getpid() != 1:
            raise RuntimeError("the zygote must be the first process of a process namespace of its own")
        self.channel = channel
        self.limits = settings
        self.user_id: int = settings["user_id"] if hardening.can_change_user() else KEEP_USER
        self.question = child.PreparedQuestion({"setup": "", "tests": []})
        self.null_input = os.open("/dev/null", os.O_RDONLY)
        self.null_output = os.open("/dev/null", os.O_WRONLY)
        # The channel may have come with a number beyond the limit that later descriptors keep.
        self.descriptors_end = max(MAX_DESCRIPTORS, channel.fileno() + 1)
        # Opened now: later, once it is protected, a process that is not root's may not open it.
        self.memory_badness = os.open("/proc/self/oom_score_adj", os.O_RDWR)
        self.own_badness = os.pread(self.memory_badness, 16, 0)
        self.connections = os.open("/proc/self/net/sockstat", os.O_RDONLY)
        self.shared_bytes = 0
        self.processors = os.sched_getaffinity(0)
        self.code = self.null_output  # the file for the code of programs that came together
        self.listening: mmap.mmap | None = None  # of a child that talks with another: whether it waits for that one

    def prepare(self) -> None:
        """Load what programs use, protect this process, and tell the host that it is ready."""
        os.chdir(metering.SCRATCH_DIRECTORIES[0])
        preloading.preload(preloading.COMMON_MODULES)
        if self.limits["scientific"]:
            preloading.preload(preloading.SCIENTIFIC_MODULES)
        encoding.allow_long_integers_as_text()
        child.prepare_interpreter()
        self._rehearse()
        self._harden()
        for directory in metering.SCRATCH_DIRECTORIES:
            scratch.empty_directory(directory)
        sharing.freeze_objects()
        self.shared_bytes = metering.memory_of("self")[1]
        self.clerk = clerks.KeptClerk(self.descriptors_end, self.limits["report_mb"] << 20)
        self.channel.send(READY)
        # Nobody reads on: a compiler that warns about a test must not fill the pipe and block.
        for descriptor, null in enumerate((self.null_input, self.null_output, self.null_output)):
            os.dup2(null, descriptor)

    def serve(self) -> None:
        """Take questions and do jobs until the host closes the connection."""
        while True:
            message, ancillary, _, _ = self.channel.recvmsg(4096, DESCRIPTORS_SPACE)
            if not message:
                return
            ((_, _, packed),) = ancillary
            content, *files = (descriptor for (descriptor,) in DESCRIPTOR.iter_unpack(packed))
            kind, *numbers = message.split()
            if kind in (CALLS, TESTS):
                self._take_question(kind, content, *numbers)
                continue
            if kind == PROGRAMS:
                self._run_programs(content, files, *map(int, numbers))
            else:
                size, first, steps, in_hurry = map(int, numbers)
                self.channel.send(self._run(Job(kind, size, first, steps, in_hurry), content, *files))
            os.close(content)

    def _take_question(
        self, kind: bytes, content: int, size: bytes, cpu_microseconds: bytes, imports: bytes = b""
    ) -> None:
        self.limits["cpu_seconds_per_test"] = int(cpu_microseconds) / 1e6
        for name in filter(None, imports.decode().split(",")):
            importlib.import_module(name)  # once here, rather than in every child
        if kind == CALLS:
            self.clerk.take_calls(content, int(size))
        else:
            self.question = child.PreparedQuestion(json.loads(os.pread(content, int(size), 0)))
            os.close(content)

    def _run_programs(self, content: int, files: list[int], steps: int, *sizes: int) -> None:
        self.code, compiler_report, *reports = files
        answers = [self._run(Job(COMPILE, sum(sizes), 0, len(sizes), 1, sizes=sizes), content, compiler_report)]
        # Only for these programs: a sandbox that shares its processor with another one can then move to a free one.
        self.clerk.stay_on(hardening.stay_on_processor())
        start = 0
        for number, (size, report) in enumerate(zip(sizes, reports, strict=True)):
            if answers[-1].endswith(UNCLEAN):
                break  # the host ends this sandbox
            answers.append(self._run(Job(JUDGE, size, 0, steps, 1, start, number), content, report))
            start += size
        # One answer for all: for each answer the host would wake up, on a processor that a program could use.
        self.channel.send(b"\n".join(answers))
        hardening.use_processors(self.processors)
        self.clerk.stay_on(clerk.ANY_PROCESSOR)
        os.close(self.code)
        self.code = self.null_output

    def _run(self, job: Job, content: int, report: int, *files: int) -> bytes:
        """Do a job, and return how it ended. Nothing here may be slow, or write to much memory: see `compiling`."""
        started, used_before = time.monotonic(), metering.children_seconds()
        connection = clerks.Connection() if job.kind in ATTENDED else None
        # A new one each time: a program could leave something there for the next.
        self.listening = mmap.mmap(-1, 1) if job.kind in TALKING else None
        os.pwrite(self.memory_badness, WORST_BADNESS, 0)
        process = hardening.fork()
        if process == 0:
            self._become_child(job, content, connection.child_end if connection else report, files)
        os.pwrite(self.memory_badness, self.own_badness, 0)
        if connection:
            self.clerk.attend(connection, report, job.first)
        for file in files:
            os.close(file)
        stopped_for = self._watch(process, report, job)
        _, status, usage = os.wait4(process, 0)
        os.close(report)
        if self.listening is not None:
            self.listening.close()
        clean = connection is None or self.clerk.has_finished(connection)
        clean = self._kill_rest() and clean
        cpu, wall = metering.children_seconds() - used_before, time.monotonic() - started
        clean = self._clean_scratch() and self._has_no_connections() and clean
        numbers = status, cpu * 1e6, wall * 1e6, usage.ru_maxrss, clean
        return b"%b %d %d %d %d %d" % (stopped_for, *numbers)

    def _become_child(self, job: Job, content: int, report: int, files: tuple[int, ...]) -> None:
        try:
            os.setsid()
            hardening.limit_descriptors(MAX_DESCRIPTORS)
            # What came with the job has higher numbers than these: the zygote keeps more than two files open.
            last = os.dup2(report, REPORT_DESCRIPTOR)
            if job.kind == SCRIPT:
                for number, file in enumerate(files):
                    os.dup2(file, number)
            elif files:
                last = os.dup2(files[0], CONVERSATION_DESCRIPTOR)
            elif job.kind == COMPILE:
                last = self.code = os.dup2(self.code, CODE_DESCRIPTOR)
            ask = clerks.asking(REPORT_DESCRIPTOR)
            self._perform(job, content, REPORT_DESCRIPTOR, self.user_id, range(last + 1, self.descriptors_end), ask)
        finally:
            os._exit(0)

    def _perform(
        self, job: Job, content_file: int, report: int, user_id: int, to_close: range, ask: clerks.Ask
    ) -> None:
        # In a list, which is emptied when the program is loaded: so no frame below the program's holds its text.
        contents = [self._content(job, content_file)]
        if to_close:
            os.closerange(to_close.start, to_close.stop)
        hardening.become(user_id)
        if job.kind not in ATTENDED:
            os.write(report, reports.READY)
        gc.enable()
        if job.kind == COMPILE:
            compiling.compile_programs(contents[0], job.sizes, self.code)
        elif job.kind == COMPARE:
            child.compare_values(self.question, contents[0], job.first, report)
        elif job.kind == DRIVE:
            assert self.listening is not None
            driving.drive_tests(self.question, job.first, report, CONVERSATION_DESCRIPTOR, self.listening)
        elif job.kind == SCRIPT:
            child.run_script(contents, report)
        else:
            longest = self.limits["report_mb"] << 20
            child.judge_program(contents, ask, longest, CONVERSATION_DESCRIPTOR, self.listening)

    def _content(self, job: Job, file: int) -> bytes:
        code = compiling.read_program(self.code, job.number) if job.number >= 0 else b""
        return code or os.pread(file, job.size, job.start)

    def _rehearse(self) -> None:
        """Do here, with a program of our own, what every child does."""
        tests = [{"mode": "values", "prelude": "", "code": code} for code in REHEARSAL_TESTS]
        program = compiling.pack_program(REHEARSAL)
        self.code = os.memfd_create("code")
        for kind, number in ((JUDGE, NO_NUMBER), (COMPILE, NO_NUMBER), (JUDGE, 0)):
            file = os.memfd_create("rehearsal")
            os.write(file, program)
            for _ in range(REHEARSALS):
                job = Job(kind, len(program), 0, len(tests), 0, 0, number, (len(program),))
                self._perform(job, file, self.null_output, KEEP_USER, range(0), clerks.rehearsed({"tests": tests}))
            os.close(file)
        os.close(self.code)
        self.code = self.null_output
        gc.disable()
        del sys.modules["candidate"]

    def _harden(self) -> None:
        hardening.protect_zygote()
        # What this process occupies is shared with every program; the limit is for what comes on top.
        hardening.limit_resources(
            memory_bytes=metering.memory_of("self")[0] + (self.limits["memory_mb"] << 20),
            # The clerk, which is limited too, writes whole reports.
            file_bytes=MAX_FILE_BYTES + (self.limits["report_mb"] << 20),
            processes=self.limits["processes"],
        )
        hardening.raise_limit_of_descriptors()
        if self.user_id != KEEP_USER:
            hardening.join_group(self.user_id)
        hardening.install_system_call_filter()

    def _watch(self, process: int, report: int, job: Job) -> bytes:
        """Wait for the child, and kill it at a limit; return that limit, or `NOTHING`."""
        descriptor = os.pidfd_open(process)
        try:
            poller = select.poll()
            poller.register(descriptor, select.POLLIN)
            poller.register(self.channel, 0)  # reports nothing but the host hanging up
            ready = poller.poll(metering.TICK_SECONDS * 1000)
            meter = None
            while not ready:
                meter = meter or self._meter(report, job)
                _end_orphans(process)
                exceeded = meter.exceeded()
                if exceeded != metering.NOTHING:
                    os.kill(process, signal.SIGKILL)
                    return exceeded
                ready = poller.poll(metering.TICK_SECONDS * 1000)
            if any(which != descriptor for which, _ in ready):
                os._exit(0)
            # Since the last tick it may have reported a lot, and ended.
            is_too_long = os.fstat(report).st_size > metering.report_limit(self.limits)
            return metering.OUTPUT if is_too_long else metering.NOTHING
        finally:
            os.close(descriptor)

    def _meter(self, report: int, job: Job) -> metering.Meter:
        return metering.Meter(
            report, job.steps, job.in_hurry, self.listening, self.limits, self.shared_bytes, self.clerk.process
        )

    def _kill_rest(self) -> bool:
        if not hardening.has_children():
            return True
        deadline = time.monotonic() + CLEANING_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)  # everything in this namespace but its first process, even the clerk
            if not hardening.has_children():
                self.clerk.replace()
                return True
            time.sleep(0.001)
        return False

    def _has_no_connections(self) -> bool:
        """Whether every port is free: the kernel keeps that of a connection for a minute after its end."""
        counts = os.pread(self.connections, 4096, 0)
        return b"TCP: inuse 0 " in counts and b" tw 0 " in counts

    def _clean_scratch(self) -> bool:
        if self.user_id == KEEP_USER:  # the folders belong to the program's user, which may have closed them
            for directory in metering.SCRATCH_DIRECTORIES:
                os.chmod(directory, SCRATCH_MODE)
        if not any(os.listdir(directory) for directory in metering.SCRATCH_DIRECTORIES):
            return True
        process = hardening.fork()
        if process == 0:
            try:
                hardening.become(self.user_id)
                for directory in metering.SCRATCH_DIRECTORIES:
                    scratch.empty_directory(directory)
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


def _end_orphans(child: int) -> None:
    """Wait for processes that have ended and whose parents are gone, so that what they used is known."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != child:
            os.waitpid(ended.si_pid, 0)

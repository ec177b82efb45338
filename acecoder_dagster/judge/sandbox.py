"""The host's end of one running sandbox: it sends questions and jobs, and receives how each job ended."""

from __future__ import annotations

import contextlib
import fcntl
import importlib.resources
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from acecoder_dagster.judge.guest import reports, zygote
from acecoder_dagster.judge.guest.compiling import pack_program
from acecoder_dagster.judge.guest.messages import send_files
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Description, SandboxFailedError, SandboxUnavailableError

GUEST_PACKAGE = "acecoder_dagster.judge.guest"
# Each imports only those before it.
_GUEST_MODULE_NAMES = """
    arrays frames kinds encoding hardening metering compiling preloading scratch sharing reports messages clerk clerks
    errors conversation randomness serving child proxies outlines asking borrowing driving zygote
"""
GUEST_MODULES = tuple(_GUEST_MODULE_NAMES.split())
START_SECONDS = 300.0  # on a crowded machine; one that ends before it is ready is noticed at once
# What the interpreter inside a sandbox runs first. It takes its modules from the socket, so that no image has to carry
# the right version of them.
BOOTSTRAP = f"""
import json, os, sys
try:
    _, [[_, _, packed]], _, _ = channel.recvmsg(16, _socket.CMSG_SPACE(4))
    descriptor = int.from_bytes(packed, sys.byteorder)
    content = json.loads(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
    os.close(descriptor)
    for name, source in content["modules"].items():
        module = sys.modules[name] = type(sys)(name)
        exec(compile(source, name, "exec"), module.__dict__)
    zygote = sys.modules["{GUEST_PACKAGE}.zygote"].Zygote(channel, content["settings"])
    zygote.prepare()
except Exception as error:
    channel.send(f"{{type(error).__name__}}: {{error}}".encode()[:4000])
    raise
zygote.serve()
"""


class SandboxProcess(Protocol):
    """What a launcher started, and what can be ended."""

    def stop(self) -> None:
        """End it, in whatever state it is, and return when nothing of it is left."""


@dataclass(frozen=True, slots=True)
class Completion:
    """How the child of one job ended, and what it reported.

    Attributes:
        stopped_for: the limit that it reached, a word of `guest.metering`.
        status: as `os.waitpid` gives it.
        cpu_ms: processor time, in milliseconds.
        wall_ms: time elapsed, in milliseconds.
        peak_mb: largest resident memory, in MiB.
        clean: whether nothing of it is left in the sandbox; else the sandbox is not to be used again.
        report: what it wrote, see `guest.reports`.
    """

    stopped_for: bytes
    status: int
    cpu_ms: float
    wall_ms: float
    peak_mb: float
    clean: bool
    report: bytes


class Sandbox:
    """One running sandbox. It is sent a question, then jobs about it, and says how each job ended, in their order."""

    def __init__(
        self,
        channel: socket.socket,
        process: SandboxProcess,
        settings: SandboxSettings,
        user_id: int,
        scientific: bool = False,
    ) -> None:
        """Send the guest modules, and wait until the sandbox is ready.

        Args:
            channel: a connected unix socket of type SOCK_SEQPACKET.
            process: what to stop at the end.
            settings: the limits.
            user_id: the user programs run as, where the sandbox may change users.
            scientific: whether it loads the scientific packages before it is ready.

        Raises:
            SandboxUnavailableError: the sandbox does not start; the message carries the reason it gave.
        """
        self._channel = channel
        self._process = process
        self._report_limit = settings.report_mb << 20
        self._reports: list[int] = []
        self._steps = 0
        self._question = Description()
        self._cpu_seconds = self._most_cpu_seconds = settings.cpu_seconds_per_test
        self._wait_seconds = settings.wait_seconds_per_test
        limits = settings.model_dump(include=set(LIMITS)) | {"user_id": user_id, "scientific": scientific}
        content = json.dumps({"modules": guest_sources(), "settings": limits}).encode()
        try:
            channel.settimeout(START_SECONDS)
            self._send(b"start", content)
            self._check_ready()
            self._check_children_start()
        except SandboxFailedError as error:
            self.close()
            raise SandboxUnavailableError(f"the sandbox does not start: {error}") from error

    def _check_ready(self) -> None:
        answer = self._receive()
        if answer != zygote.READY:
            raise SandboxFailedError(answer.decode("utf-8", "replace"))

    def _check_children_start(self) -> None:
        self.send_job(pack_program(b""), 0, 0, zygote.JUDGE)
        completion = self.receive()
        if not completion.report.startswith(reports.READY):
            raise SandboxFailedError(completion.report.decode("utf-8", "replace") or "no reason given")

    def send_question(self, description: Description) -> None:
        """Send the question that the following jobs are about, unless it is the last one that was sent.

        Args:
            description: the question.

        Raises:
            SandboxFailedError: the sandbox is gone.
        """
        if description is not self._question:
            cpu_seconds = description.cpu_seconds or self._cpu_seconds
            kind = zygote.CALLS if description.is_for_programs else zygote.TESTS
            imports = ",".join(description.imports).encode()
            self._send(b"%b %d %d %b" % (kind, len(description), cpu_seconds * 1e6, imports), description)
            self._question = description
            self._most_cpu_seconds = max(self._most_cpu_seconds, cpu_seconds)

    def send_job(
        self, content: bytes, first: int, steps: int, kind: bytes, in_hurry: bool = False, files: Sequence[int] = ()
    ) -> None:
        """Queue one job.

        Args:
            content: a packed program; for comparisons, lines of `<test index> <encoded values>`.
            first: the test or line to begin with.
            steps: how many tests or lines there are.
            kind: the zygote's word for such a job.
            in_hurry: whether a child that takes long is stopped, to be run again later.
            files: descriptors that this kind of job needs.

        Raises:
            SandboxFailedError: the sandbox is gone.
        """
        self._steps = max(steps, self._steps)
        message = b"%b %d %d %d %d" % (kind, len(content), first, steps, in_hurry)
        self._send(message, content, self._new_report(), *files)

    def send_programs(self, contents: Sequence[bytes], steps: int) -> None:
        """Queue programs that are judged in a hurry: one job compiles them all, then there is one job for each.

        Args:
            contents: packed programs, as many as the zygote takes at once.
            steps: how many tests there are.

        Raises:
            SandboxFailedError: the sandbox is gone.
        """
        self._steps = max(steps, self._steps)
        message = b"%b %d %b" % (zygote.PROGRAMS, steps, b" ".join(b"%d" % len(content) for content in contents))
        code = os.memfd_create("code", os.MFD_CLOEXEC)
        try:
            self._send(message, b"".join(contents), code, *(self._new_report() for _ in range(len(contents) + 1)))
        finally:
            os.close(code)

    def receive(self) -> Completion:
        """Wait for the end of the oldest job.

        Returns:
            How it ended.

        Raises:
            SandboxFailedError: the sandbox is gone, or silent for far longer than its limits allow.
        """
        (completion,) = self.receive_programs()
        return completion

    def receive_programs(self) -> list[Completion]:
        """Wait for the end of all jobs that were queued together.

        Returns:
            How each ended; none of those that come after one that left something behind.

        Raises:
            SandboxFailedError: the sandbox is gone, or silent for far longer than its limits allow.
        """
        per_test = self._most_cpu_seconds + self._wait_seconds
        self._channel.settimeout(60 + 10 * per_test * (self._steps + 1))
        return [self._completion(answer) for answer in self._receive().split(b"\n")]

    def _completion(self, answer: bytes) -> Completion:
        stopped_for, *numbers = answer.split()
        report = self._reports.pop(0)
        try:
            size = min(os.fstat(report).st_size, self._report_limit)
            content = os.pread(report, size, 0)
        finally:
            os.close(report)
        if not content:
            raise SandboxFailedError("a child did not start")
        status, cpu_us, wall_us, peak_kb, clean = map(int, numbers)
        return Completion(stopped_for, status, cpu_us / 1000, wall_us / 1000, peak_kb / 1024, bool(clean), content)

    def interrupt(self) -> None:
        """Let another thread that waits for this sandbox see it as gone."""
        with contextlib.suppress(OSError):  # it is closed, or gone, already
            self._channel.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End the sandbox and everything in it."""
        self._channel.close()
        for report in self._reports:
            os.close(report)
        self._reports.clear()
        self._process.stop()

    def _new_report(self) -> int:
        report = os.memfd_create("report", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self._reports.append(report)
        # So no program can make its report empty again: one that is empty means that the child did not start.
        fcntl.fcntl(report, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        return report

    def _send(self, message: bytes, content: bytes, *descriptors: int) -> None:
        file = os.memfd_create("content", os.MFD_CLOEXEC)
        try:
            reports.write_all(file, content)
            send_files(self._channel, message, [file, *descriptors])
        except OSError as error:
            raise SandboxFailedError(f"the sandbox is gone: {error}") from error
        finally:
            os.close(file)

    def _receive(self) -> bytes:
        try:
            answer = self._channel.recv(4096)
        except OSError as error:
            raise SandboxFailedError(f"no answer from the sandbox: {error}") from error
        if not answer:
            raise SandboxFailedError("the sandbox ended")
        return answer


class Launcher(Protocol):
    """Starts sandboxes, all alike.

    Attributes:
        name: what starts them, for people.
        identity: names the kind of sandbox, and the image or interpreter and packages that programs see in it: the part
            of a launcher that a verdict may depend on.
    """

    name: str
    identity: tuple[str, ...]

    def start(self, scientific: bool) -> Sandbox:
        """Start one sandbox that is ready for questions.

        Args:
            scientific: whether it loads the scientific packages before it is ready.

        Raises:
            SandboxUnavailableError: it does not start.
        """


LIMITS = (
    "cpu_seconds_per_test",
    "wait_seconds_per_test",
    "memory_mb",
    "processes",
    "report_mb",
)


def guest_sources() -> dict[str, str]:
    """Read the modules that a sandbox needs.

    Returns:
        Source text by full name, in an order in which the modules can be executed.
    """
    folder = importlib.resources.files(GUEST_PACKAGE)
    packages = dict.fromkeys(("acecoder_dagster", "acecoder_dagster.judge", GUEST_PACKAGE), "")
    return packages | {
        f"{GUEST_PACKAGE}.{name}": (folder / f"{name}.py").read_text(encoding="utf-8") for name in GUEST_MODULES
    }

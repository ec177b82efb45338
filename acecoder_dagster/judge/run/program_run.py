"""What is known about one program while it runs, and how the reports of its processes are read."""

from __future__ import annotations

import json
import signal
from collections.abc import Collection, Sequence

from acecoder_dagster.judge.guest import metering, reports
from acecoder_dagster.judge.sandbox import Completion
from acecoder_dagster.judge.types import Outcome

_STOPPED_FOR = {
    metering.CPU: Outcome.CPU_TIMEOUT,
    metering.WALL: Outcome.WALL_TIMEOUT,
    metering.OUTPUT: Outcome.OUTPUT_LIMIT,
    metering.MEMORY: Outcome.MEMORY,
}
TIMEOUTS = (Outcome.CPU_TIMEOUT, Outcome.WALL_TIMEOUT)
_NEARLY_ALL_MEMORY = 0.8
MAX_REASON_CHARACTERS = 300
TAMPERED = "wrote to its report itself"


class ProgramRun:
    """Collects what is reported about one program, or about one set of comparisons.

    A step is one test, one call or one comparison. A child that hangs or dies in a step loses that step alone: `absorb`
    says at which step the next child goes on.

    Attributes:
        content: what the sandbox is sent.
        outcomes: one per step; None while it is not known.
        messages: one per step.
        payloads: one per step: encoded values, where the step gives values.
        unsealed: steps in which the program had a say.
        cpu_ms: processor time so far, in milliseconds.
        wall_ms: time elapsed so far, in milliseconds.
        peak_mb: largest resident memory so far, in MiB.
        failures: how often a sandbox broke while it ran this.
        is_postponed: whether it takes long, and is to be run again when nothing waits behind it.
    """

    def __init__(self, content: bytes, says_passed: Sequence[bool], memory_mb: int, max_timeouts: int) -> None:
        """Begin with nothing known.

        Args:
            content: what the sandbox is sent.
            says_passed: one per step: whether the child may report that it passed. False for sealed tests: their child
                has only values to report, and is not believed when it reports anything else.
            memory_mb: the memory limit, in MiB.
            max_timeouts: after so many timeouts the other steps are given up.
        """
        steps = len(says_passed)
        self.content = content
        self._says_passed = says_passed
        self.outcomes: list[Outcome | None] = [None] * steps
        self.messages = [""] * steps
        self.payloads: list[bytes] = [b""] * steps
        self.unsealed: set[int] = set()
        self.cpu_ms = self.wall_ms = self.peak_mb = 0.0
        self.failures = 0
        self.is_postponed = False
        self._memory_mb = memory_mb
        self._timeouts_left = max_timeouts

    def absorb(self, completion: Completion, first: int) -> int | None:
        """Take in how a child ended.

        Args:
            completion: how it ended.
            first: the step it began with.

        Returns:
            The step at which another child has to begin; None when there is nothing more to run.
        """
        self.cpu_ms += completion.cpu_ms
        self.wall_ms += completion.wall_ms
        self.peak_mb = max(self.peak_mb, completion.peak_mb)
        lines = read_report(completion.report)
        loading, reason = lines.pop(reports.LOADING, (b"", b""))
        if loading == reports.ERROR:
            self.settle(first, *_error(reason))
            return None
        for step, (kind, payload) in lines.items():
            if first <= step < len(self.outcomes):
                self._take(step, kind, payload)
        missing = next((i for i in range(first, len(self.outcomes)) if not self._is_known(i)), None)
        if missing is None:
            return None
        ending, message = self._ending(completion)
        self._timeouts_left -= ending in TIMEOUTS
        if not loading or self._timeouts_left <= 0:
            self.settle(missing, ending, message)
            return None
        self.outcomes[missing], self.messages[missing] = ending, message
        return missing + 1 if missing + 1 < len(self.outcomes) else None

    def take_over(self, other: ProgramRun, steps: Collection[int]) -> None:
        """Take the outcomes of some steps, and the time and memory they cost, from another run of the same program."""
        for step in steps:
            self.outcomes[step], self.messages[step] = other.outcomes[step], other.messages[step]
        self.unsealed |= other.unsealed & set(steps)
        self.cpu_ms += other.cpu_ms
        self.wall_ms += other.wall_ms
        self.peak_mb = max(self.peak_mb, other.peak_mb)

    def settle(self, first: int, outcome: Outcome, message: str) -> None:
        """Give the same outcome to every step from `first` on that has none yet."""
        for step in range(first, len(self.outcomes)):
            if not self._is_known(step):
                self.outcomes[step], self.messages[step] = outcome, message

    def how_it_ended(self, completion: Completion) -> tuple[Outcome, str]:
        """Return the outcome and message of a child that was started for one step, and did not end well."""
        kind, payload = read_report(completion.report).get(0, (b"", b""))
        return _error(payload) if kind == reports.ERROR else self._ending(completion)

    def _is_known(self, step: int) -> bool:
        return self.outcomes[step] is not None or bool(self.payloads[step])

    def _take(self, step: int, kind: bytes, payload: bytes) -> None:
        if kind in (reports.PASSED, reports.VALUES) and self._says_passed[step] != (kind == reports.PASSED):
            self.outcomes[step], self.messages[step] = Outcome.ERROR, TAMPERED
        elif kind == reports.VALUES:
            self.payloads[step] = payload
        elif kind == reports.PASSED:
            self.outcomes[step] = Outcome.PASSED
        elif kind == reports.FAILED:
            self.outcomes[step], self.messages[step] = Outcome.FAILED, _error(payload)[1]
        elif kind == reports.TOO_LARGE:
            self.outcomes[step], self.messages[step] = Outcome.OUTPUT_LIMIT, _error(payload)[1]
        else:
            self.outcomes[step], self.messages[step] = _error(payload)

    def _ending(self, completion: Completion) -> tuple[Outcome, str]:
        if completion.stopped_for in _STOPPED_FOR:
            return _STOPPED_FOR[completion.stopped_for], f"stopped at the {completion.stopped_for.decode()} limit"
        number = completion.status & 0x7F
        if number == signal.SIGXCPU:
            return Outcome.CPU_TIMEOUT, "stopped at the cpu limit"
        if number == signal.SIGKILL and completion.peak_mb > _NEARLY_ALL_MEMORY * self._memory_mb:
            return Outcome.MEMORY, "killed for its memory"
        if number:
            return Outcome.CRASHED, f"killed by signal {number}"
        return Outcome.CRASHED, f"left with exit status {completion.status >> 8}"


def read_report(report: bytes) -> dict[int, tuple[bytes, bytes]]:
    """Read the lines of a report.

    Args:
        report: what a child wrote. A hostile program may have written anything.

    Returns:
        Kind and payload by step. Of several lines of one step the first counts; an unfinished line does not.
    """
    lines: dict[int, tuple[bytes, bytes]] = {}
    for line in report.split(b"\n")[1:-1]:
        parts = line.split(b" ", 2)
        if len(parts) == 3 and len(parts[0]) < 10 and parts[0].removeprefix(b"-").isdigit():
            lines.setdefault(int(parts[0]), (parts[1], parts[2]))
    return lines


def _error(payload: bytes) -> tuple[Outcome, str]:
    try:
        name, message = (str(part) for part in json.loads(payload))
    except (ValueError, TypeError, RecursionError):
        return Outcome.ERROR, TAMPERED
    outcome = Outcome.MEMORY if name == "MemoryError" else Outcome.ERROR
    # Half a surrogate pair cannot be stored: tables hold UTF-8.
    text = f"{name}: {message}".encode("utf-8", "backslashreplace").decode("utf-8")
    return outcome, text[:MAX_REASON_CHARACTERS]

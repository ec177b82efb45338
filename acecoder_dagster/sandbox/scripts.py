"""Runs programs that read standard input and write standard output, and decides on the host what they printed."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence

from acecoder_dagster.sandbox.connection import Completion, Sandbox
from acecoder_dagster.sandbox.guest import child
from acecoder_dagster.sandbox.guest.zygote import SCRIPT
from acecoder_dagster.sandbox.io_tests import is_same_output
from acecoder_dagster.sandbox.pairing import Lane
from acecoder_dagster.sandbox.planning import QuestionPlan
from acecoder_dagster.sandbox.runs import MAX_REASON_CHARACTERS, TIMEOUTS, Run, read_report
from acecoder_dagster.sandbox.settings import SandboxSettings
from acecoder_dagster.sandbox.types import Outcome, SandboxFailedError

PIPELINE_DEPTH = 2
_Sent = tuple[Run, int, int]  # a program, a test, and the file it prints to


def run_scripts(lane: Lane, plan: QuestionPlan, runs: Sequence[Run], settings: SandboxSettings) -> None:
    """Run every program once per test, each time in a fresh child.

    Args:
        lane: the sandbox for programs.
        plan: a question with inputs and outputs.
        runs: the programs; take in the outcome of every test.
        settings: the limits.
    """
    waiting = deque((run, step) for run in runs for step in range(len(plan.io_tests)))
    sent: deque[_Sent] = deque()
    timeouts = dict.fromkeys(map(id, runs), 0)
    while waiting or sent:
        try:
            sandbox = lane.ready(plan.calls)
            while waiting and len(sent) < PIPELINE_DEPTH:
                run, step = waiting[0]
                if run.outcomes[step] is None:
                    sent.append((run, step, _send(sandbox, run, plan.io_tests[step].input)))
                waiting.popleft()
            if not sent:
                continue
            completion = sandbox.receive()
        except SandboxFailedError as error:
            lane.close()
            _blame(waiting, sent, error, lane.retries)
            continue
        run, step, output = sent.popleft()
        printed = _take(output, settings.report_mb << 20)
        _conclude(run, step, completion, printed, plan.io_tests[step].output)
        timeouts[id(run)] += run.outcomes[step] in TIMEOUTS
        if timeouts[id(run)] >= settings.max_timeouts:
            run.settle(step, run.outcomes[step] or Outcome.JUDGE_ERROR, run.messages[step])
        if not completion.clean:
            lane.close()
            _put_back(waiting, sent)


def _send(sandbox: Sandbox, run: Run, text: str) -> int:
    output = os.memfd_create("output", os.MFD_CLOEXEC)
    given = os.memfd_create("input", os.MFD_CLOEXEC)
    try:
        with open(given, "wb", closefd=False) as file:
            file.write(text.encode("utf-8", "surrogatepass"))
        os.lseek(given, 0, os.SEEK_SET)
        sandbox.send_job(run.content, 0, 1, SCRIPT, given, output)
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(given)
    return output


def _take(output: int, limit: int) -> str | None:
    """What was printed; None when it is more than the limit."""
    try:
        if os.fstat(output).st_size > limit:
            return None
        return os.pread(output, limit, 0).decode("utf-8", "replace")
    finally:
        os.close(output)


def _conclude(run: Run, step: int, completion: Completion, printed: str | None, expected: str) -> None:
    run.cpu_ms += completion.cpu_ms
    run.wall_ms += completion.wall_ms
    run.peak_mb = max(run.peak_mb, completion.peak_mb)
    kind, _ = read_report(completion.report).get(0, (child.VALUES, b""))
    has_ended_well = not completion.stopped_for and completion.status == 0 and kind == child.VALUES
    if printed is None:
        run.outcomes[step], run.messages[step] = Outcome.OUTPUT_LIMIT, "printed more than may leave the sandbox"
    elif not has_ended_well:
        run.outcomes[step], run.messages[step] = run.how_it_ended(completion)
    elif is_same_output(printed, expected):
        run.outcomes[step] = Outcome.PASSED
    else:
        run.outcomes[step] = Outcome.FAILED
        run.messages[step] = f"printed {printed[:MAX_REASON_CHARACTERS]!r}"[:MAX_REASON_CHARACTERS]


def _blame(waiting: deque[tuple[Run, int]], sent: deque[_Sent], error: Exception, retries: int) -> None:
    """Count a failure against the job at the head; one that failed too often gets no verdict."""
    _put_back(waiting, sent)
    run, step = waiting[0]
    run.failures += 1
    if run.failures > retries:
        run.settle(step, Outcome.JUDGE_ERROR, str(error)[:MAX_REASON_CHARACTERS])


def _put_back(waiting: deque[tuple[Run, int]], sent: deque[_Sent]) -> None:
    while sent:
        run, step, output = sent.pop()
        os.close(output)
        waiting.appendleft((run, step))

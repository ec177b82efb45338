"""Runs programs that read standard input, and compares on the host what they printed with what is expected."""

from __future__ import annotations

import os
from collections import deque

from acecoder_dagster.judge.guest import reports
from acecoder_dagster.judge.guest.metering import HURRY, NOTHING
from acecoder_dagster.judge.guest.zygote import SCRIPT
from acecoder_dagster.judge.plan.io_tests import is_same_output
from acecoder_dagster.judge.plan.planning import QuestionPlan
from acecoder_dagster.judge.run.kept_sandbox import JOBS_SENT_AHEAD, KeptSandbox
from acecoder_dagster.judge.run.program_run import MAX_REASON_CHARACTERS, TIMEOUTS, ProgramRun, read_report
from acecoder_dagster.judge.sandbox import Completion, Sandbox
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import IoTest, Outcome, SandboxFailedError

_Sent = tuple[int, int]  # a test, and the file the program prints to


def run_script(
    programs: KeptSandbox, plan: QuestionPlan, run: ProgramRun, settings: SandboxSettings, in_hurry: bool
) -> None:
    """Run a program once per test, each time in a fresh child.

    Args:
        programs: the sandbox for programs.
        plan: a question with inputs and outputs.
        run: the program; takes in the outcome of every test.
        settings: the limits.
        in_hurry: whether to postpone a program that takes long.
    """
    waiting = deque(range(len(plan.question.io_tests)))
    sent: deque[_Sent] = deque()
    timeouts = 0
    while waiting or sent:
        try:
            sandbox = programs.ready(plan.calls)
            while waiting and len(sent) < JOBS_SENT_AHEAD:
                sent.append((waiting[0], _send(sandbox, run, plan.question.io_tests[waiting[0]].input, in_hurry)))
                waiting.popleft()
            completion = sandbox.receive()
        except SandboxFailedError as error:
            programs.close()
            _put_back(waiting, sent)
            run.failures += 1
            if run.failures > programs.retries:
                run.settle(waiting[0], Outcome.JUDGE_ERROR, str(error)[:MAX_REASON_CHARACTERS])
                return
            continue
        except BaseException:
            # What is still under way would be taken for the answer to what is asked next.
            programs.close()
            _put_back(waiting, sent)
            raise
        step, output = sent.popleft()
        outcome, message = _conclude(
            run, completion, _take(output, settings.report_mb << 20), plan.question.io_tests[step]
        )
        if run.outcomes[step] is None:  # else it was given up while this ran
            run.outcomes[step], run.messages[step] = outcome, message
        timeouts += outcome in TIMEOUTS
        run.is_postponed |= completion.stopped_for == HURRY
        if not completion.clean:
            programs.close()
            _put_back(waiting, sent)
        if timeouts >= settings.max_timeouts:
            run.settle(step, outcome, message)
        if timeouts >= settings.max_timeouts or run.is_postponed:
            waiting.clear()


def _send(sandbox: Sandbox, run: ProgramRun, text: str, in_hurry: bool) -> int:
    output = os.memfd_create("output", os.MFD_CLOEXEC)
    given = os.memfd_create("input", os.MFD_CLOEXEC)
    try:
        with open(given, "wb", closefd=False) as file:
            file.write(text.encode("utf-8", "surrogatepass"))
        os.lseek(given, 0, os.SEEK_SET)
        sandbox.send_job(run.content, 0, 1, SCRIPT, in_hurry, files=[given, output])
    except BaseException:
        os.close(output)
        raise
    finally:
        os.close(given)
    return output


def _take(output: int, limit: int) -> str | None:
    """Return what was printed; None where it is more than the limit. The file is closed."""
    try:
        if os.fstat(output).st_size > limit:
            return None
        return os.pread(output, limit, 0).decode("utf-8", "replace")
    finally:
        os.close(output)


def _conclude(run: ProgramRun, completion: Completion, printed: str | None, test: IoTest) -> tuple[Outcome, str]:
    run.cpu_ms += completion.cpu_ms
    run.wall_ms += completion.wall_ms
    run.peak_mb = max(run.peak_mb, completion.peak_mb)
    kind, _ = read_report(completion.report).get(0, (reports.VALUES, b""))
    if printed is None:
        return Outcome.OUTPUT_LIMIT, "printed more than may leave the sandbox"
    if completion.stopped_for != NOTHING or completion.status != 0 or kind != reports.VALUES:
        return run.how_it_ended(completion)
    if is_same_output(printed, test.output):
        return Outcome.PASSED, ""
    return Outcome.FAILED, f"printed {printed[:MAX_REASON_CHARACTERS]!r}"[:MAX_REASON_CHARACTERS]


def _put_back(waiting: deque[int], sent: deque[_Sent]) -> None:
    while sent:
        step, output = sent.pop()
        os.close(output)
        waiting.appendleft(step)

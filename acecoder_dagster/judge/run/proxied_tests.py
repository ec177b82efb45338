"""Runs tests by proxies: the program in one sandbox and its tests in another, which talk over a socket.

The host makes the socket, gives one end to each sandbox and keeps none. However much a program sends, only the test's
process reads it, within its own limits.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace

from acecoder_dagster.judge.guest import reports
from acecoder_dagster.judge.guest.metering import HURRY, NOTHING
from acecoder_dagster.judge.guest.zygote import DRIVE, JUDGE, SERVE
from acecoder_dagster.judge.plan.planning import QuestionPlan, Way
from acecoder_dagster.judge.run.kept_sandbox import KeptSandbox
from acecoder_dagster.judge.run.program_run import MAX_REASON_CHARACTERS, ProgramRun, read_report
from acecoder_dagster.judge.sandbox import Completion
from acecoder_dagster.judge.types import Outcome, SandboxFailedError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How a program and its tests ended together.

    Attributes:
        completion: as if both had been one child.
        unsealed: tests in which the program had a say, as the tests' process noted.
    """

    completion: Completion
    unsealed: set[int]


def run_with_proxies(
    programs: KeptSandbox, tests: KeptSandbox, plan: QuestionPlan, run: ProgramRun, in_hurry: bool
) -> frozenset[int]:
    """Run a program against those tests of a question that need not share a process with it.

    Args:
        programs: the sandbox for programs.
        tests: the sandbox for tests.
        plan: the question.
        run: the program; takes in the outcomes.
        in_hurry: whether to postpone a program that takes long, or whose tests do.

    Returns:
        The tests that are still to be executed in the program's process, unless the program is postponed.
    """
    beside = frozenset(plan.steps(Way.BESIDE))
    if len(beside) < len(plan.tests):
        _run(programs, tests, plan, run, in_hurry)
    # A program that cannot be loaded, or was given up, has outcomes for all tests.
    to_execute = frozenset(step for step in beside if run.outcomes[step] is None)
    for step in to_execute:
        run.outcomes[step] = Outcome.JUDGE_ERROR
    run.unsealed |= beside
    return to_execute


def _run(programs: KeptSandbox, tests: KeptSandbox, plan: QuestionPlan, run: ProgramRun, in_hurry: bool) -> None:
    first: int | None = 0
    while first is not None:
        try:
            attempt = _attempt(programs, tests, plan, run, first, in_hurry)
        except SandboxFailedError as error:
            _log.warning("a sandbox failed and is replaced: %s", error)
            programs.close()
            tests.close()
            run.failures += 1
            if run.failures > programs.retries:
                run.settle(first, Outcome.JUDGE_ERROR, str(error)[:MAX_REASON_CHARACTERS])
                break
            continue
        except BaseException:
            # What is still under way would be taken for the answer to what is asked next.
            programs.close()
            tests.close()
            raise
        if attempt.completion.stopped_for == HURRY:
            run.is_postponed = True
            break
        run.unsealed |= attempt.unsealed
        first = run.absorb(attempt.completion, first)


def _attempt(
    programs: KeptSandbox, tests: KeptSandbox, plan: QuestionPlan, run: ProgramRun, first: int, in_hurry: bool
) -> _Attempt:
    driven = [step for step in plan.steps(Way.PROXIES) if step >= first]
    steps = len(plan.tests)
    program_sandbox = programs.ready(plan.calls)
    if not driven:
        program_sandbox.send_job(run.content, first, steps, JUDGE, in_hurry)
        completion = program_sandbox.receive()
        if not completion.clean:
            programs.close()
        return _Attempt(completion, set())
    test_sandbox = tests.ready(plan.comparisons)
    program_end, test_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with program_end, test_end:
        program_sandbox.send_job(run.content, first, steps, SERVE, in_hurry, files=[program_end.fileno()])
        test_sandbox.send_job(b"", first, steps, DRIVE, in_hurry, files=[test_end.fileno()])
    of_tests, of_program = test_sandbox.receive(), program_sandbox.receive()
    for sandbox, completion in ((tests, of_tests), (programs, of_program)):
        if not completion.clean:
            sandbox.close()
    return _merged(of_program, of_tests, driven)


def _merged(of_program: Completion, of_tests: Completion, driven: Sequence[int]) -> _Attempt:
    """Make one completion of two: the tests' process is believed about its tests, the program's about its values.

    A test without an outcome is blamed on its own process when that was stopped or crashed, else on the program's.
    """
    lines = {step: line for step, line in read_report(of_program.report).items() if step not in driven}
    noted = {step: line for step, line in read_report(of_tests.report).items() if step in driven}
    unsealed = {step for step, (kind, _) in noted.items() if kind.islower()}
    lines |= {step: (kind.upper(), payload) for step, (kind, payload) in noted.items()}
    report = reports.READY + b"".join(b"%d %b %b\n" % (step, *line) for step, line in lines.items())
    is_in_the_way = HURRY in (of_program.stopped_for, of_tests.stopped_for)
    is_tests_fault = of_tests.stopped_for != NOTHING or of_tests.status != 0
    blamed = of_tests if is_tests_fault else of_program
    completion = replace(
        blamed,
        stopped_for=HURRY if is_in_the_way else blamed.stopped_for,
        cpu_ms=of_program.cpu_ms + of_tests.cpu_ms,
        wall_ms=of_program.wall_ms,
        report=report,
    )
    return _Attempt(completion, unsealed)

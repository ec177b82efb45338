"""Judges batches of programs of one question with a pair of sandboxes: one runs programs, one compares."""

from __future__ import annotations

import base64
import binascii
import logging
from collections import OrderedDict, deque
from collections.abc import Sequence

from acecoder_dagster.sandbox.connection import Sandbox
from acecoder_dagster.sandbox.deciding import decide_on_host
from acecoder_dagster.sandbox.guest import metering, zygote
from acecoder_dagster.sandbox.guest.compiling import pack, pack_program
from acecoder_dagster.sandbox.guest.preloading import needs_scientific
from acecoder_dagster.sandbox.launchers import Launcher
from acecoder_dagster.sandbox.pairing import run_with_proxies
from acecoder_dagster.sandbox.planning import QuestionPlan, TestPlan, Way
from acecoder_dagster.sandbox.runs import MAX_REASON_CHARACTERS, TIMEOUTS, Run, read_report
from acecoder_dagster.sandbox.scripts import run_script
from acecoder_dagster.sandbox.settings import SandboxSettings
from acecoder_dagster.sandbox.types import JudgeClosedError, Outcome, SandboxFailedError

PIPELINE_DEPTH = 2  # the sandbox finds its next job waiting while the host decides on the last one
MAX_REMEMBERED = 8192
OPAQUE = b'{"opaque":'
MAX_REMEMBERED_BYTES = 1024
COMPARISONS_AT_ONCE = 64

_log = logging.getLogger(__name__)
_Judgement = tuple[Outcome, str]


class Worker:
    """Owns sandboxes and replaces them when they break; not to be shared between threads.

    There are up to four, each started when first needed: one runs programs and one compares, and there is
    another of each for programs and tests that mention scientific packages.
    """

    def __init__(self, launcher: Launcher, settings: SandboxSettings) -> None:
        self._settings = settings
        self._programs = [Lane(launcher, settings, scientific) for scientific in (False, True)]
        self._comparisons = [Lane(launcher, settings, scientific) for scientific in (False, True)]
        self._remembered: OrderedDict[tuple[bytes, int, bytes], _Judgement] = OrderedDict()

    def judge(self, plan: QuestionPlan, programs: Sequence[bytes], in_hurry: bool) -> list[Run]:
        """Run programs against the tests of a question and decide every test.

        Args:
            plan: the prepared question.
            programs: UTF-8 source text.
            in_hurry: whether to postpone programs that take long.

        Returns:
            One run per program, with an outcome for every test unless it is postponed.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        if any(test.way is not Way.VALUES for test in plan.tests):
            return self._judge_other_ways(plan, programs, in_hurry)
        runs = self.run(plan.calls, [False] * len(plan.tests), programs, in_hurry)
        finished = [run for run in runs if not run.is_postponed]
        self._decide(plan, finished)
        for run in finished:
            self._ask_for_objects(plan, run, in_hurry)
        return runs

    def _judge_other_ways(self, plan: QuestionPlan, programs: Sequence[bytes], in_hurry: bool) -> list[Run]:
        says_passed = [test.way is Way.PROXIES for test in plan.tests]
        runs = [self._new_run(program, says_passed) for program in programs]
        texts = b"\n".join((plan.calls, plan.comparisons, *(text.encode() for text in plan.code.tests)))
        tests_are_scientific = needs_scientific(texts)
        for run in runs:
            lane = self._programs[tests_are_scientific or needs_scientific(run.content)]
            run.content = pack_program(run.content)
            if plan.steps(Way.OUTPUT):
                run_script(lane, plan, run, self._settings, in_hurry)
                continue
            to_execute = run_with_proxies(lane, self._comparisons[tests_are_scientific], plan, run, in_hurry)
            if to_execute and not run.is_postponed:
                self._execute_beside(lane, plan, run, to_execute, in_hurry)
            if not run.is_postponed:
                self._decide(plan, [run])
                self._ask_for_objects(plan, run, in_hurry)
        return runs

    def _ask_for_objects(self, plan: QuestionPlan, run: Run, in_hurry: bool) -> None:
        """Run by proxies the tests that failed because a call gave no plain value: they may need more of it."""
        steps = [
            step
            for step in plan.steps(Way.VALUES)
            if run.outcomes[step] in (Outcome.FAILED, Outcome.ERROR)
            and OPAQUE in run.payloads[step]
            and plan.can_use_proxies(step)
        ]
        if not steps:
            return
        with_proxies = plan.with_proxies(steps)
        again = self._new_run(run.content, [step in steps for step in range(len(plan.tests))])
        is_scientific = needs_scientific(with_proxies.comparisons)
        lane = self._programs[is_scientific or needs_scientific(run.content)]
        unsupported = run_with_proxies(lane, self._comparisons[is_scientific], with_proxies, again, in_hurry)
        run.is_postponed = again.is_postponed
        run.take_over(again, set(steps) - unsupported)

    def _decide(self, plan: QuestionPlan, runs: Sequence[Run]) -> None:
        for run in runs:
            for step, test in enumerate(plan.tests):
                if run.outcomes[step] is None:
                    run.outcomes[step], run.messages[step] = _decide(test, run.payloads[step])
        self._compare_in_sandbox(plan, runs)

    def _execute_beside(self, lane: Lane, plan: QuestionPlan, run: Run, steps: frozenset[int], in_hurry: bool) -> None:
        """Execute beside their program the tests that can run nowhere else, in a sandbox that knows no other test."""
        executed = self._new_run(run.content, [step in steps for step in range(len(plan.tests))])
        lane.perform(plan.beside(steps), [executed], zygote.JUDGE, in_hurry)
        run.is_postponed = executed.is_postponed
        run.take_over(executed, steps)

    def run(
        self, calls: bytes, says_passed: Sequence[bool], programs: Sequence[bytes], in_hurry: bool = False
    ) -> list[Run]:
        """Evaluate calls on programs.

        Args:
            calls: description of what to evaluate.
            says_passed: one per call or test it describes: whether it is executed as a whole.
            programs: UTF-8 source text.
            in_hurry: whether to postpone programs that take long.

        Returns:
            One run per program that is not postponed: for every step either an outcome or encoded values.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        runs = [self._new_run(program, says_passed) for program in programs]
        tests_are_scientific = needs_scientific(calls)
        for scientific, lane in enumerate(self._programs):
            group = [run for run in runs if (tests_are_scientific or needs_scientific(run.content)) == scientific]
            if group:
                lane.compile(calls, group)
                lane.perform(calls, group, zygote.JUDGE, in_hurry)
        return runs

    def interrupt(self) -> None:
        """Stop what another thread is doing with this worker: it gets a `JudgeClosedError`."""
        for lane in (*self._programs, *self._comparisons):
            lane.interrupt()

    def close(self) -> None:
        """End all sandboxes."""
        for lane in (*self._programs, *self._comparisons):
            lane.close()

    def _new_run(self, content: bytes, says_passed: Sequence[bool]) -> Run:
        return Run(content, says_passed, self._settings.memory_mb, self._settings.max_timeouts)

    def _compare_in_sandbox(self, plan: QuestionPlan, runs: Sequence[Run]) -> None:
        """Decide what the host could not; equal values of the same test are compared once."""
        open_questions: dict[tuple[int, bytes], _Judgement | None] = {}
        for run in runs:
            for step, outcome in enumerate(run.outcomes):
                if outcome is None:
                    payload = run.payloads[step]
                    open_questions[step, payload] = self._remembered.get((plan.comparisons, step, payload))
        if not open_questions:
            return
        unknown = [key for key, judgement in open_questions.items() if judgement is None]
        for start in range(0, len(unknown), COMPARISONS_AT_ONCE):
            open_questions |= self._compare(plan, unknown[start : start + COMPARISONS_AT_ONCE])
        for run in runs:
            # After too many timeouts a comparison is given up: by its own program's timeouts, not by others'.
            own = [(step, run.payloads[step]) for step, outcome in enumerate(run.outcomes) if outcome is None]
            delayed = [key for key in own if (judged := open_questions[key]) is not None and judged[0] in TIMEOUTS]
            if delayed and len(unknown) > len(delayed):
                open_questions |= self._compare(plan, delayed)
        for run in runs:
            for step, outcome in enumerate(run.outcomes):
                if outcome is None:
                    judged = open_questions[step, run.payloads[step]]
                    run.outcomes[step], run.messages[step] = judged or (Outcome.JUDGE_ERROR, "")

    def _compare(self, plan: QuestionPlan, keys: Sequence[tuple[int, bytes]]) -> dict[tuple[int, bytes], _Judgement]:
        comparison = self._new_run(b"".join(b"%d %b\n" % key for key in keys), [True] * len(keys))
        lane = self._comparisons[needs_scientific(plan.comparisons)]
        lane.perform(plan.comparisons, [comparison], zygote.COMPARE, in_hurry=False)
        judgements = {
            key: (outcome or Outcome.JUDGE_ERROR, message)
            for key, outcome, message in zip(keys, comparison.outcomes, comparison.messages, strict=True)
        }
        for key, judgement in judgements.items():
            self._remember((plan.comparisons, *key), judgement)
        return judgements

    def _remember(self, key: tuple[bytes, int, bytes], judgement: _Judgement) -> None:
        if len(key[2]) > MAX_REMEMBERED_BYTES or judgement[0] in (Outcome.JUDGE_ERROR, *TIMEOUTS):
            return
        self._remembered[key] = judgement
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)


class Lane:
    """One sandbox, started on demand, with jobs queued so that it never waits for the host."""

    def __init__(self, launcher: Launcher, settings: SandboxSettings, scientific: bool) -> None:
        self._launcher = launcher
        self._scientific = scientific
        self.retries = settings.retries
        self._sandbox: Sandbox | None = None
        self._interrupted = False

    def compile(self, description: bytes, runs: Sequence[Run]) -> None:
        """Replace the source text of runs by programs packed for the sandbox, compiled together where that pays."""
        sources = [run.content for run in runs]
        compiled: dict[int, tuple[bytes, bytes]] = {}
        if len(sources) > 1:
            try:
                sandbox = self.ready(description)
                sandbox.send_job(pack(sources), 0, len(sources), zygote.COMPILE, in_hurry=True)
                completion = sandbox.receive()
                compiled = read_report(completion.report)
                if not completion.clean:
                    self.close()
            except SandboxFailedError as error:  # programs are compiled where they run, and show whose fault it is
                _log.warning("a sandbox failed and is replaced: %s", error)
                self.close()
            except BaseException:
                self.close()
                raise
        for index, run in enumerate(runs):
            run.content = pack_program(sources[index], _from_base64(compiled.get(index, (b"", b""))[1]))

    def perform(self, description: bytes, runs: Sequence[Run], kind: bytes, in_hurry: bool) -> None:
        """Send every run through the sandbox until all its steps are known, or it is postponed."""
        waiting = deque((run, 0) for run in runs)
        sent: deque[tuple[Run, int]] = deque()
        while waiting or sent:
            try:
                sandbox = self.ready(description)
                while waiting and len(sent) < PIPELINE_DEPTH:
                    run, first = waiting[0]
                    sandbox.send_job(run.content, first, len(run.outcomes), kind, in_hurry)
                    sent.append(waiting.popleft())
                completion = sandbox.receive()
                run, first = sent.popleft()
                run.is_postponed = completion.stopped_for == metering.HURRY
                going_on_at = None if run.is_postponed else run.absorb(completion, first)
                if going_on_at is not None:
                    waiting.appendleft((run, going_on_at))
                if not completion.clean:
                    self._give_back(waiting, sent)
            except SandboxFailedError as error:
                _log.warning("a sandbox failed and is replaced: %s", error)
                self._blame(sent or waiting, error)
                self._give_back(waiting, sent)
            except BaseException:
                # What is still under way would be taken for the answer to what is asked next.
                self.close()
                raise

    def close(self) -> None:
        """End the sandbox, if there is one."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    def interrupt(self) -> None:
        """Stop what another thread is doing with this lane."""
        self._interrupted = True
        if (sandbox := self._sandbox) is not None:
            sandbox.interrupt()

    def ready(self, description: bytes) -> Sandbox:
        """A sandbox that knows a question; started if there is none."""
        if self._interrupted:
            raise JudgeClosedError("the judge was closed")
        if self._sandbox is None:
            self._sandbox = self._launcher.start(self._scientific)
        self._sandbox.send_question(description)
        return self._sandbox

    def _blame(self, queue: deque[tuple[Run, int]], error: Exception) -> None:
        """Count a failure against the job at the head; one that failed too often gets no verdict."""
        run, first = queue[0]
        run.failures += 1
        if run.failures > self.retries:
            run.settle(first, Outcome.JUDGE_ERROR, str(error)[:MAX_REASON_CHARACTERS])
            queue.popleft()

    def _give_back(self, waiting: deque[tuple[Run, int]], sent: deque[tuple[Run, int]]) -> None:
        waiting.extendleft(reversed(sent))
        sent.clear()
        self.close()


def _from_base64(text: bytes) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:  # whoever compiled was killed meanwhile, or worse
        return b""


def _decide(test: TestPlan, payload: bytes) -> tuple[Outcome | None, str]:
    """Decide one test on the host; no outcome when that takes a sandbox."""
    if payload == test.passing_payload:
        return Outcome.PASSED, ""
    if test.decision is None:
        return None, ""
    try:
        decided = decide_on_host(test.decision, payload)
    except Exception as error:  # whatever the comparison raises is the outcome of the test
        return Outcome.ERROR, f"{type(error).__name__}: {error}"[:MAX_REASON_CHARACTERS]
    if decided is None:
        return None, ""
    return (Outcome.PASSED, "") if decided else (Outcome.FAILED, f"got {readable(payload)}")


def readable(payload: bytes) -> str:
    """Shorten an encoded value for a message."""
    text = payload[1:-1].decode("ascii", "replace")
    return text if len(text) <= MAX_REASON_CHARACTERS else text[: MAX_REASON_CHARACTERS - 3] + "..."

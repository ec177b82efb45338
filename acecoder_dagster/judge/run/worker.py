"""Judges batches of programs of one question with a pair of sandboxes: one runs programs, one compares."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from acecoder_dagster.judge.guest import zygote
from acecoder_dagster.judge.guest.compiling import pack_program
from acecoder_dagster.judge.guest.preloading import needs_scientific
from acecoder_dagster.judge.plan.host_decisions import decide_on_host
from acecoder_dagster.judge.plan.planning import QuestionPlan, TestPlan, Way
from acecoder_dagster.judge.run.kept_sandbox import Batch, Lane
from acecoder_dagster.judge.run.program_run import MAX_REASON_CHARACTERS, TIMEOUTS, Run
from acecoder_dagster.judge.run.proxied_tests import run_with_proxies
from acecoder_dagster.judge.run.scripts import run_script
from acecoder_dagster.judge.sandbox import Launcher
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Description, Outcome

MAX_REMEMBERED = 8192
OPAQUE = b'{"opaque":'
MAX_REMEMBERED_BYTES = 1024
COMPARISONS_AT_ONCE = 64

_Judgement = tuple[Outcome, str]


@dataclass(frozen=True, slots=True)
class Begun:
    """Programs of one question that are being judged.

    Attributes:
        plan: the question.
        runs: one per program, in order.
        in_hurry: whether those that take long are postponed.
        batches: what sandboxes have been given already, with the lane of each.
    """

    plan: QuestionPlan
    runs: list[Run]
    in_hurry: bool
    batches: list[tuple[Lane, list[Batch]]]


class Worker:
    """Owns sandboxes and replaces them when they break; not to be shared between threads.

    There are up to four sandboxes, each started when first needed: one runs programs and one compares, and there is
    another of each for programs and tests that mention scientific packages.
    """

    def __init__(self, launcher: Launcher, settings: SandboxSettings) -> None:
        self._settings = settings
        self._programs = [Lane(launcher, settings, scientific) for scientific in (False, True)]
        self._comparisons = [Lane(launcher, settings, scientific) for scientific in (False, True)]
        self._remembered: OrderedDict[tuple[bytes, int, bytes], _Judgement] = OrderedDict()

    def begin(self, plan: QuestionPlan, programs: Sequence[bytes], in_hurry: bool) -> Begun:
        """Give programs to sandboxes and wait for nothing, as far as that is possible.

        Args:
            plan: the prepared question.
            programs: UTF-8 source text.
            in_hurry: whether to postpone programs that take long.

        Returns:
            What `finish` takes, in the order in which it was begun.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        says_passed = [test.way is Way.PROXIES for test in plan.tests]
        runs = [self._new_run(pack_program(program), says_passed) for program in programs]
        lanes = self._by_lane(plan.calls, runs) if in_hurry and _is_decided_by_values(plan) else []
        return Begun(plan, runs, in_hurry, [(lane, lane.begin(plan.calls, group)) for lane, group in lanes])

    def finish(self, begun: Begun) -> list[Run]:
        """Wait for the programs and decide every test.

        Args:
            begun: from `begin`.

        Returns:
            One run per program, with an outcome for every test unless it is postponed.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        plan, runs, in_hurry = begun.plan, begun.runs, begun.in_hurry
        if not _is_decided_by_values(plan):
            self._judge_other_ways(plan, runs, in_hurry)
            return runs
        for lane, batches in begun.batches:
            lane.finish(plan.calls, batches)
        if not in_hurry:
            self._run_calls(plan.calls, runs)
        finished = [run for run in runs if not run.is_postponed]
        self._decide(plan, finished)
        for run in finished:
            self._ask_for_objects(plan, run, in_hurry)
        return runs

    def _judge_other_ways(self, plan: QuestionPlan, runs: Sequence[Run], in_hurry: bool) -> None:
        texts = b"\n".join((plan.calls, plan.comparisons, *(text.encode() for text in plan.code.tests)))
        tests_are_scientific = needs_scientific(texts)
        for run in runs:
            lane = self._programs[tests_are_scientific or needs_scientific(run.content)]
            if plan.steps(Way.OUTPUT):
                run_script(lane, plan, run, self._settings, in_hurry)
                continue
            to_execute = run_with_proxies(lane, self._comparisons[tests_are_scientific], plan, run, in_hurry)
            if to_execute and not run.is_postponed:
                self._execute_beside(lane, plan, run, to_execute, in_hurry)
            if not run.is_postponed:
                self._decide(plan, [run])
                self._ask_for_objects(plan, run, in_hurry)

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
        lane.perform(plan.beside(steps), [(executed, 0)], zygote.JUDGE, in_hurry)
        run.is_postponed = executed.is_postponed
        run.take_over(executed, steps)

    def run(self, calls: Description, steps: int, program: bytes) -> Run:
        """Evaluate calls on a program.

        Args:
            calls: description of what to evaluate.
            steps: how many calls it describes.
            program: UTF-8 source text.

        Returns:
            For every step either an outcome or encoded values.

        Raises:
            SandboxUnavailableError: no sandbox can be started (any more).
            JudgeClosedError: another thread closed the judge.
        """
        run = self._new_run(pack_program(program), [False] * steps)
        self._run_calls(calls, [run])
        return run

    def _run_calls(self, calls: Description, runs: Sequence[Run]) -> None:
        for lane, group in self._by_lane(calls, runs):
            lane.perform(calls, [(run, 0) for run in group], zygote.JUDGE, in_hurry=False)

    def _by_lane(self, calls: Description, runs: Sequence[Run]) -> list[tuple[Lane, list[Run]]]:
        tests_are_scientific = needs_scientific(calls)
        groups: list[list[Run]] = [[], []]
        for run in runs:
            groups[tests_are_scientific or needs_scientific(run.content)].append(run)
        return [(lane, group) for lane, group in zip(self._programs, groups, strict=True) if group]

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
        lane.perform(plan.comparisons, [(comparison, 0)], zygote.COMPARE, in_hurry=False)
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


def _is_decided_by_values(plan: QuestionPlan) -> bool:
    return all(test.way is Way.VALUES for test in plan.tests)


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

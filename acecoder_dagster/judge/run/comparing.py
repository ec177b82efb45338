"""Decides tests by the values that programs claim: on the host where that is simple, else in a sandbox of its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from acecoder_dagster.judge.guest import zygote
from acecoder_dagster.judge.guest.preloading import needs_scientific
from acecoder_dagster.judge.plan.host_decisions import decide_on_host
from acecoder_dagster.judge.plan.planning import QuestionPlan, TestPlan
from acecoder_dagster.judge.run.kept_sandbox import KeptSandbox
from acecoder_dagster.judge.run.program_run import MAX_REASON_CHARACTERS, TIMEOUTS, ProgramRun
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import Outcome

MAX_REMEMBERED = 8192
MAX_REMEMBERED_BYTES = 1024
COMPARISONS_AT_ONCE = 64

_Result = tuple[Outcome, str]
"""What a comparison gave: an outcome and its message."""
_Compared = tuple[int, bytes]
"""What is compared: a step, and the encoded values that a program claims there."""


class Comparer:
    """Decides tests by values, and remembers what a sandbox said of equal values of the same test."""

    def __init__(self, sandboxes: Sequence[KeptSandbox], settings: SandboxSettings) -> None:
        """Remember nothing yet.

        Args:
            sandboxes: two, for comparisons; the second has the scientific packages loaded.
            settings: the limits.
        """
        self._sandboxes = sandboxes
        self._settings = settings
        self._remembered: OrderedDict[tuple[bytes, int, bytes], _Result] = OrderedDict()

    def decide(self, plan: QuestionPlan, runs: Sequence[ProgramRun]) -> None:
        """Give every step that has no outcome yet the outcome of its comparison.

        Args:
            plan: the question.
            runs: programs whose calls have been evaluated.
        """
        for run in runs:
            for step, test in enumerate(plan.tests):
                if run.outcomes[step] is None:
                    run.outcomes[step], run.messages[step] = _decide_on_host(test, run.payloads[step])
        self._decide_in_sandbox(plan, runs)

    def _decide_in_sandbox(self, plan: QuestionPlan, runs: Sequence[ProgramRun]) -> None:
        """Decide what the host could not."""
        results = self._compare_values(plan, runs)
        for run in runs:
            # Comparisons are given up after too many timeouts: only those of its own program may cost it that.
            delayed = [
                compared for compared in _undecided(run) if compared in results and results[compared][0] in TIMEOUTS
            ]
            if delayed and len(results) > len(delayed):
                results |= self._compare(plan, delayed)
        for run in runs:
            # What an earlier comparison has changed, the next one finds: no program may find what another left.
            with_state = [compared for compared in _undecided(run) if not plan.tests[compared[0]].is_pure]
            own = results | self._compare(plan, with_state)
            for step, payload in _undecided(run):
                run.outcomes[step], run.messages[step] = own[step, payload]

    def _compare_values(self, plan: QuestionPlan, runs: Sequence[ProgramRun]) -> dict[_Compared, _Result]:
        """Make the comparisons that depend on values alone: equal values of the same test are compared once."""
        wanted = [compared for run in runs for compared in _undecided(run) if plan.tests[compared[0]].is_pure]
        keys = {compared: (plan.comparisons, *compared) for compared in wanted}
        results = {compared: self._remembered[key] for compared, key in keys.items() if key in self._remembered}
        unknown = [compared for compared in keys if compared not in results]
        for start in range(0, len(unknown), COMPARISONS_AT_ONCE):
            results |= self._compare(plan, unknown[start : start + COMPARISONS_AT_ONCE])
        for compared in unknown:
            self._remember(keys[compared], results[compared])
        return results

    def _compare(self, plan: QuestionPlan, group: Sequence[_Compared]) -> dict[_Compared, _Result]:
        """Make comparisons in their order, in one process of their own."""
        if not group:
            return {}
        content = b"".join(b"%d %b\n" % compared for compared in group)
        comparison = ProgramRun(content, [True] * len(group), self._settings.memory_mb, self._settings.max_timeouts)
        sandbox = self._sandboxes[needs_scientific(plan.comparisons)]
        sandbox.run_to_end(plan.comparisons, [(comparison, 0)], zygote.COMPARE, in_hurry=False)
        outcomes = zip(group, comparison.outcomes, comparison.messages, strict=True)
        return {compared: (outcome or Outcome.JUDGE_ERROR, message) for compared, outcome, message in outcomes}

    def _remember(self, key: tuple[bytes, int, bytes], result: _Result) -> None:
        if len(key[2]) > MAX_REMEMBERED_BYTES or result[0] in (Outcome.JUDGE_ERROR, *TIMEOUTS):
            return
        self._remembered[key] = result
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)


def _undecided(run: ProgramRun) -> list[_Compared]:
    return [(step, run.payloads[step]) for step, outcome in enumerate(run.outcomes) if outcome is None]


def _decide_on_host(test: TestPlan, payload: bytes) -> tuple[Outcome | None, str]:
    """Decide one test on the host; no outcome where that takes a sandbox."""
    if payload == test.passing_payload:
        return Outcome.PASSED, ""
    if test.decision is None:
        return None, ""
    try:
        passed = decide_on_host(test.decision, payload)
    except Exception as error:  # whatever the comparison raises is the outcome of the test
        return Outcome.ERROR, f"{type(error).__name__}: {error}"[:MAX_REASON_CHARACTERS]
    if passed is None:
        return None, ""
    return (Outcome.PASSED, "") if passed else (Outcome.FAILED, f"got {_readable(payload)}")


def _readable(payload: bytes) -> str:
    """Shorten an encoded value for a message."""
    text = payload[1:-1].decode("ascii", "replace")
    return text if len(text) <= MAX_REASON_CHARACTERS else text[: MAX_REASON_CHARACTERS - 3] + "..."

"""Kept tests made better: strengthened by adversarial rounds, then reduced to few, as settings ask."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from functools import partial

import polars as pl

from acecoder_dagster.data.judged_tables import judge_outcomes
from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.questions.test_suites.choosing import (
    FilteredTests,
    make_pass_table,
    shrink_suites,
    strengthen_suites,
    writers_trust,
)
from acecoder_dagster.questions.test_suites.executed import observing_sandbox
from acecoder_dagster.questions.test_suites.inputs import MOST_RUNS
from acecoder_dagster.settings import Settings, TestSettings


def improved_suites(
    settings: Settings,
    open_judge: Callable[[SandboxSettings], AbstractContextManager[Judge]],
    filtered: FilteredTests,
    changed: pl.DataFrame,
    candidates: pl.DataFrame,
    questions: pl.DataFrame,
    oracles: pl.DataFrame,
    oracle_results: pl.DataFrame,
) -> tuple[FilteredTests, int, int]:
    """Return the tests of some questions after strengthening and shrinking.

    Args:
        settings: those in `[tests]` say what is done.
        open_judge: opens a judge, as `Step.judge`.
        filtered: what the policy made of all candidates.
        changed: the questions to work on (column question_id).
        candidates: columns of CANDIDATE_TESTS, of all questions: they say which writers can be trusted.
        questions: columns of QUESTIONS.
        oracles: columns of ORACLE_PROGRAMS.
        oracle_results: columns of TEST_RESULTS, their outcomes on the candidates.

    Returns:
        Kept and rejected tests, how many of them are new, and how many programs were executed.
    """
    chosen = settings.tests
    tests = filtered.of(changed)
    if not runs_programs(chosen):
        return tests, 0, 0
    with ExitStack() as sandboxes:
        judge = sandboxes.enter_context(open_judge(settings.sandbox))
        outcomes = partial(judge_outcomes, judge, questions)
        passes = make_pass_table(tests.kept, candidates, oracles, oracle_results, outcomes, chosen.mutants)
        tried = 0
        if chosen.strengthening_rounds:
            observer = sandboxes.enter_context(open_judge(observing_sandbox(settings.sandbox, settings.inputs)))
            stronger = strengthen_suites(
                tests,
                passes,
                candidates,
                questions,
                outcomes,
                observer.observe,
                settings.inputs,
                rounds=chosen.strengthening_rounds,
                seed=settings.seed,
                threads=observer.workers,
            )
            tests, passes, tried = stronger.filtered, stronger.passes, stronger.tried
    if chosen.max_tests != "all":
        trust = writers_trust(filtered.kept, candidates)
        tests = shrink_suites(tests, passes, trust, questions, min_tests=chosen.min_tests, max_tests=chosen.max_tests)
    return tests, tried, passes.executed


def runs_programs(tests: TestSettings) -> bool:
    """Return whether kept tests are strengthened or reduced, for which programs are run."""
    return tests.max_tests != "all" or tests.strengthening_rounds > 0


def programs_for_suites(settings: Settings) -> int:
    """Return how many programs are run, at most, to improve the tests of one question."""
    tests = settings.tests
    if not runs_programs(tests):
        return 0
    if not tests.strengthening_rounds:
        return tests.mutants
    known = 1 + len(tests.oracle_models) + tests.mutants
    # One round more than asked for: that of the inputs which reach new branches, after the runs that look for them.
    rounds = 1 + tests.strengthening_rounds
    return tests.mutants + MOST_RUNS + rounds * (settings.inputs.runs + known)

"""Tests of questions with a trusted program: inputs are drawn for it, and what it returns is expected."""

from collections.abc import Callable

import polars as pl

from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.questions.test_suites.expectations import WrittenTests, write_tests
from acecoder_dagster.questions.test_suites.inputs import InputSettings, Subject, observe_inputs

_MAX_TIMEOUTS = 6
"""Some drawn inputs are too large. That says nothing about the others."""


def observing_sandbox(sandbox: SandboxSettings, inputs: InputSettings) -> SandboxSettings:
    """Return the sandbox's settings with the lower limits under which inputs are tried."""
    cpu_seconds = min(inputs.cpu_seconds_per_call, sandbox.cpu_seconds_per_test)
    limits = {
        "cpu_seconds_per_test": cpu_seconds,
        "wait_seconds_per_test": min(2 * cpu_seconds, sandbox.wait_seconds_per_test),
        "max_timeouts": _MAX_TIMEOUTS,
    }
    return sandbox.model_copy(update=limits)


def execute_inputs(
    judge: Judge, questions: pl.DataFrame, settings: InputSettings, seed: int, advance: Callable[[int], None]
) -> WrittenTests:
    """Return tests from execution (columns of CANDIDATE_TESTS) and, for every other call tried, why it is none.

    Args:
        judge: an open judge, with the limits of `observing_sandbox`.
        questions: columns question_id, entry_point, setup_code, reference_program, argument_texts.
        settings: how many calls and tests.
        seed: decides the inputs.
        advance: called with the number of questions done.
    """
    subjects = [
        Subject(
            row["question_id"],
            row["entry_point"],
            row["reference_program"],
            row["setup_code"],
            tuple(row["argument_texts"]),
        )
        for row in questions.iter_rows(named=True)
    ]
    threads = judge.workers
    return write_tests(observe_inputs(subjects, judge.observe, settings, seed, threads, advance))

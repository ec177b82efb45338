"""Measures tests by running reference programs and mutants: validity, flaky tests, mutants killed, lines covered."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from acecoder_dagster.data.judged_tables import judge_outcomes
from acecoder_dagster.data.tables import ASSERT
from acecoder_dagster.data.tests_as_rows import every_test
from acecoder_dagster.judge import Judge
from acecoder_dagster.questions.test_suites.choosing import mutants
from acecoder_dagster.questions.test_suites.quality.calibration import separate_labels
from acecoder_dagster.questions.test_suites.quality.settings import QualitySettings
from acecoder_dagster.questions.test_suites.quality.tallies import Tally

COVERAGE_PROGRAM = Path(__file__).with_name("coverage_program.py")

Advance = Callable[[int], None]


def execution_tallies(
    judge: Judge,
    questions: pl.DataFrame,
    candidates: pl.DataFrame,
    kept: pl.DataFrame,
    settings: QualitySettings,
    advance: Advance,
) -> list[Tally]:
    """Return validity, flaky, mutation_kill and coverage of the kept tests that are on trial.

    Args:
        judge: an open judge.
        questions: columns question_id, entry_point, setup_code, reference_program; those without one are left out.
        candidates: columns of CANDIDATE_TESTS, official tests included: what else could have killed a mutant.
        kept: columns of FILTERED_TESTS.
        settings: how many mutants and reruns.
        advance: called with the number of programs done.
    """
    questions = questions.filter(pl.col("reference_program").is_not_null())
    on_trial, _ = separate_labels(kept)
    tests = every_test(candidates, kept).join(questions.select("question_id"), on="question_id", how="semi")
    tests = tests.join(on_trial.select("test_id", on_trial=pl.lit(True)), on="test_id", how="left")
    references = questions.select("question_id", program_id="question_id", program="reference_program")
    rounds = [judge_outcomes(judge, questions, references, tests, advance) for _ in range(settings.reruns)]
    seen = pl.concat(rounds).group_by("question_id", "test_id").agg(always=pl.col("passed").all(), same=_same())
    seen = seen.join(tests.select("test_id", "on_trial"), on="test_id")
    judged = seen.filter("on_trial")
    valid = tests.join(seen.filter("always").select("test_id"), on="test_id", how="semi")
    return [
        _tally("validity", judged, pl.col("always")),
        _tally("flaky", judged, ~pl.col("same")),
        _mutation_kill(judge, questions, valid, settings.mutants_per_question, advance),
        _coverage(judge, questions, on_trial),
    ]


def _same() -> pl.Expr:
    return pl.col("passed").n_unique() == 1


def _mutation_kill(judge: Judge, questions: pl.DataFrame, tests: pl.DataFrame, limit: int, advance: Advance) -> Tally:
    """Count the mutants that the tests on trial kill, of those that any test of the question kills."""
    changed = pl.DataFrame(
        [
            {"question_id": question, "program_id": f"{question} mutant {number}", "program": mutant}
            for question, program in questions.select("question_id", "reference_program").iter_rows()
            for number, mutant in enumerate(mutants(program, limit))
        ],
        schema={"question_id": pl.String, "program_id": pl.String, "program": pl.String},
    )
    outcomes = judge_outcomes(judge, questions, changed, tests, advance).join(
        tests.select("test_id", "on_trial"), on="test_id"
    )
    failed = ~pl.col("passed")
    killed = outcomes.group_by("question_id", "program_id").agg(
        killable=failed.any(), killed=(failed & pl.col("on_trial").fill_null(False)).any()
    )
    tested = tests.filter("on_trial").select("question_id").unique()
    return _tally("mutation_kill", killed.filter("killable").join(tested, on="question_id"), pl.col("killed"))


def _coverage(judge: Judge, questions: pl.DataFrame, on_trial: pl.DataFrame) -> Tally:
    """Count the lines of the references that the tests on trial run, by coverage.py inside the sandbox.

    Nothing is counted where the sandbox does not have it (`acecoder sandbox build` brings it).
    """
    measuring = COVERAGE_PROGRAM.read_text(encoding="utf-8")
    counts = {}
    for row, tests in _with_tests(questions, on_trial.filter(pl.col("kind") == ASSERT)):
        source = f"{row['reference_program']}\n{row['setup_code']}\n"
        call = f"covered_lines({source!r}, {tests!r})"
        (seen,) = judge.observe(measuring, "", [call])
        if isinstance(seen.value, tuple):
            counts[row["question_id"]] = seen.value
    return Tally("coverage", counts)


def _with_tests(questions: pl.DataFrame, tests: pl.DataFrame) -> Iterator[tuple[dict[str, str], list[str]]]:
    texts = tests.group_by("question_id").agg(texts="test")
    for row in questions.join(texts, on="question_id").sort("question_id").iter_rows(named=True):
        yield row, row["texts"]


def _tally(measure: str, rows: pl.DataFrame, good: pl.Expr) -> Tally:
    counts = rows.group_by("question_id").agg(good=good.sum(), total=pl.len()).sort("question_id")
    return Tally(measure, {question: (hits, total) for question, hits, total in counts.iter_rows()})

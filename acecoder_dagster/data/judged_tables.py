"""Judging a table of programs by a table of tests."""

from collections.abc import Callable, Iterator

import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import TEST_RESULTS
from acecoder_dagster.data.tests_as_rows import question_from_rows
from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests, Verdict


def question_tests(questions: pl.DataFrame, tests: pl.DataFrame) -> dict[str, QuestionTests]:
    """Return what the judge needs of every question that has tests, by question_id.

    Args:
        questions: columns question_id, entry_point, setup_code.
        tests: columns question_id, position, kind, test.
    """
    by_question = tests.sort("question_id", "position").group_by("question_id").agg(pl.col("kind").first(), "test")
    rows = questions.join(by_question, on="question_id", maintain_order="left")
    columns = rows.select("question_id", "entry_point", "setup_code", "kind", "test")
    return {row[0]: question_from_rows(*row) for row in columns.iter_rows()}


def judge_table(
    judge: Judge,
    programs: pl.DataFrame,
    tests: dict[str, QuestionTests],
    tests_written: dict[str, int],
    stage: str,
    advance: Callable[[int], None],
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Judge programs by the tests of their questions.

    Args:
        judge: an open judge.
        programs: columns program_id, question_id, program.
        tests: what `question_tests` returned.
        tests_written: candidate tests per question, for the released code's denominator.
        stage: name of the asset, for rejected rows.
        advance: called with the number of programs done.

    Returns:
        Verdicts (columns of TEST_RESULTS) and rejected programs (columns of REJECTED_ROWS): those whose question has
        no kept tests.
    """

    def jobs() -> Iterator[ProgramJob]:
        for program_id, question_id, program in judged.select("program_id", "question_id", "program").iter_rows():
            yield ProgramJob(tests[question_id], program_id, program)

    has_tests = pl.col("question_id").is_in(list(tests))
    judged = programs.filter(has_tests)
    rows = []
    for verdict in judge.judge(jobs()):
        rows.append(_row(verdict, tests_written[verdict.question_id]))
        advance(1)
    results = TEST_RESULTS.conform(pl.DataFrame(rows, schema=TEST_RESULTS.schema))
    untested = programs.filter(~has_tests)
    rejected = rejected_rows(untested, stage, "program", Reason.NO_KEPT_TESTS, pl.lit(""), row_id="program_id")
    return results, rejected


def judge_outcomes(
    judge: Judge,
    questions: pl.DataFrame,
    programs: pl.DataFrame,
    tests: pl.DataFrame,
    advance: Callable[[int], None] = lambda _: None,
) -> pl.DataFrame:
    """Judge programs by any tests of their questions and return single outcomes.

    Args:
        judge: an open judge.
        questions: columns question_id, entry_point, setup_code.
        programs: columns program_id, question_id, program; those of questions without tests are left out.
        tests: columns test_id, question_id, position, kind, test.
        advance: called with the number of programs done.

    Returns:
        Columns question_id, program_id, test_id, passed: one row per program and test.
    """
    numbered = tests.sort("question_id", "position").with_columns(position=pl.int_range(pl.len()).over("question_id"))
    of_question = question_tests(questions, numbered)
    written = dict(numbered.group_by("question_id").len().iter_rows())
    results, _ = judge_table(judge, programs, of_question, written, "", advance)
    positions = pl.int_ranges(0, pl.col("passed").list.len())
    single = results.select("question_id", "program_id", "passed", position=positions).explode("passed", "position")
    named = numbered.select("question_id", "position", "test_id")
    return single.join(named, on=["question_id", "position"], maintain_order="left").drop("position")


def _row(verdict: Verdict, written: int) -> dict[str, object]:
    passed = sum(verdict.passed)
    return {
        "program_id": verdict.program_id,
        "question_id": verdict.question_id,
        "verdict": verdict.verdict,
        "outcomes": list(verdict.outcomes),
        "passed": list(verdict.passed),
        "sealed": list(verdict.sealed),
        "tests_passed": passed,
        "tests_kept": len(verdict.passed),
        "tests_written": written,
        "pass_rate": verdict.pass_rate,
        "cpu_ms": verdict.cpu_ms,
        "wall_ms": verdict.wall_ms,
        "peak_mb": verdict.peak_mb,
        "message": verdict.message,
    }

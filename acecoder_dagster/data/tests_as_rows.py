"""Tests as rows: what the columns `kind` and `test` of a test hold, written and read in one place.

`tables.TEST_KINDS` says what each kind holds. Every test that the judge reports an outcome for is a row. The rows that
a question keeps are enough for the judge to decide just these tests.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.tables import ASSERT, CALL, OFFICIAL, STDIN, UNITTEST
from acecoder_dagster.judge import IoTest, QuestionTests, read_test_code


@dataclass(frozen=True)
class TestRow:
    """What a row says of one test."""

    __test__ = False  # not a test class of pytest's

    kind: str
    test: str


def code_rows(test_code: str, entry_point: str) -> list[TestRow]:
    """Return the tests that the judge finds in test code.

    Asserts of a `check(candidate)` function become tests of their own, with what they need; so does every method of
    `unittest.TestCase` classes.
    """
    found = read_test_code(test_code, entry_point)
    if not found.methods:
        return [TestRow(ASSERT, test) for test in found.tests]
    return [TestRow(UNITTEST, _json({"method": method, "code": test_code})) for method in found.methods]


def io_row(test: IoTest, entry_point: str) -> TestRow:
    """Return an input/output test: a call where there is an entry point, else standard input."""
    return TestRow(CALL if entry_point else STDIN, _json({"input": test.input, "output": test.output}))


def question_from_rows(
    question_id: str, entry_point: str, setup_code: str, kind: str, tests: Sequence[str]
) -> QuestionTests:
    """Return what the judge needs of a question, from the rows of its tests in order; outcomes have the same order.

    Raises:
        ValueError: the judge cannot use the tests; the message says why.
    """
    if kind == ASSERT:
        return QuestionTests(question_id, entry_point, setup_code, tests=tuple(tests))
    fields = [json.loads(test) for test in tests]
    if kind == UNITTEST:
        code = fields[0]["code"]
        methods = tuple(each["method"] for each in fields)
        return QuestionTests(question_id, entry_point, setup_code, test_code=code, methods=methods)
    return QuestionTests(question_id, entry_point, setup_code, io_tests=tuple(IoTest(**each) for each in fields))


def every_test(candidates: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """Return the candidate tests and behind them those that adversarial rounds added to the kept ones.

    Args:
        candidates: columns of CANDIDATE_TESTS.
        kept: columns of FILTERED_TESTS.

    Returns:
        Columns test_id, question_id, kind, test, position and origin.
    """
    columns = ["test_id", "question_id", "kind", "test", "position", "origin"]
    added = kept.join(candidates, on="test_id", how="anti", maintain_order="left").select(columns)
    after = candidates.group_by("question_id").agg(before=pl.len())
    placed = added.join(after, on="question_id", how="left", maintain_order="left").with_columns(
        position=pl.col("position") + pl.col("before").fill_null(0)
    )
    return pl.concat([candidates.select(columns), placed.select(columns)])


def tests_written(candidates: pl.DataFrame, kept: pl.DataFrame) -> dict[str, int]:
    """Return how many tests each question has, with those that adversarial rounds added."""
    return dict(every_test(candidates, kept).group_by("question_id").len().iter_rows())


def tests_by_question(tests: pl.DataFrame) -> pl.DataFrame:
    """Gather tests as `question_from_rows` takes them.

    Args:
        tests: columns question_id, position, kind, test, origin.

    Returns:
        Columns question_id, kind, tests (in order) and official (one boolean per test).
    """
    return (
        tests.sort("position")
        .group_by("question_id")
        .agg(pl.col("kind").first(), tests="test", official=pl.col("origin") == OFFICIAL)
    )


def _json(fields: dict[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=False)

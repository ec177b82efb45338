"""Reads files of questions, with tests of any kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acecoder_dagster.files import IDENTIFIER, IO_TESTS, REAL, ROW, TEXT, TEXTS, FileColumn, Problems, read_batches
from acecoder_dagster.judge import IoTest, QuestionTests
from acecoder_dagster.judge.files.entry_points import EntryPointFinder

QUESTION_COLUMNS = (
    FileColumn("question_id", IDENTIFIER, "Id of the question, unique in the file", required=True),
    FileColumn("tests", TEXTS, "Tests, one assert statement each", default=[]),
    FileColumn("test_code", TEXT, "Instead of tests: code with check(candidate) or unittest.TestCase", default=""),
    FileColumn("io_tests", IO_TESTS, "Instead of tests: inputs and outputs", default=[]),
    FileColumn("entry_point", TEXT, "The function or class under test; found for tests where empty", default=""),
    FileColumn("setup_code", TEXT, "Code that runs after the program and before the tests", default=""),
    FileColumn("cpu_seconds", REAL, "Processor time of one test, where the usual limit is not right for the question"),
)


@dataclass
class QuestionFile:
    """The questions of a file.

    Attributes:
        name: the name of the file, for messages.
        rows: the rows, by question id.
        finders: for each question that does not name its entry point, what finds it in its programs.
    """

    name: str
    rows: dict[str, dict[str, Any]]
    finders: dict[str, EntryPointFinder]

    def tests(self, problems: Problems) -> dict[str, QuestionTests]:
        """Return the tests of the questions, as the judge takes them.

        Args:
            problems: receives what is wrong with a question.

        Returns:
            Tests by question id. A question whose entry point is not found is left out; it is a problem only where the
            question has programs.
        """
        tests: dict[str, QuestionTests] = {}
        for question_id, row in self.rows.items():
            entry_point = row["entry_point"]
            if (finder := self.finders.get(question_id)) is not None:
                entry_point = finder.found()
                if entry_point is None:
                    if finder.programs:
                        what = "its tests use no name that a program could define; give the column entry_point"
                        problems.add(self.name, what, row=row[ROW], column="tests")
                    continue
            try:
                tests[question_id] = _question_tests(row, entry_point)
            except ValueError as error:
                problems.add(self.name, str(error), row=row[ROW])
        return tests


def read_questions(path: Path, problems: Problems) -> QuestionFile:
    """Read a file of questions into memory.

    Args:
        path: Parquet, JSONL (also gzipped) or JSON with the `QUESTION_COLUMNS`.
        problems: receives what is wrong with it.

    Returns:
        The questions that could be read.
    """
    questions = QuestionFile(path.name, {}, {})
    for batch in read_batches(path, QUESTION_COLUMNS, problems):
        for row in batch.iter_rows(named=True):
            question_id = row["question_id"]
            if question_id is None:
                continue  # a problem already
            if (first := questions.rows.get(question_id)) is not None:
                what = f"question id {question_id!r} occurs twice, first in row {first[ROW]}; ids must be unique"
                problems.add(path.name, what, row=row[ROW], column="question_id")
                continue
            questions.rows[question_id] = row
            if row["tests"] and not row["entry_point"]:
                questions.finders[question_id] = EntryPointFinder(row["tests"], row["setup_code"])
    return questions


def _question_tests(row: Mapping[str, Any], entry_point: str) -> QuestionTests:
    return QuestionTests(
        question_id=row["question_id"],
        entry_point=entry_point,
        setup_code=row["setup_code"],
        tests=tuple(row["tests"]),
        test_code=row["test_code"],
        io_tests=tuple(IoTest(each["input"], each["output"]) for each in row["io_tests"]),
        cpu_seconds=row["cpu_seconds"],
    )

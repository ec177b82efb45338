"""Files of questions with tests of any kind."""

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
    """The questions of a file; those whose entry point has still to be found are known by their finder."""

    name: str
    rows: dict[str, dict[str, Any]]
    finders: dict[str, EntryPointFinder]

    def tests(self, problems: Problems) -> dict[str, QuestionTests]:
        """Return what the judge needs of the questions, by id; what is wrong with one is added to the problems.

        A question without programs may be left without an entry point, and is not returned then.
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
    """Read a file of questions; they are held in memory.

    Args:
        path: Parquet, JSONL (also gzipped) or JSON with the `QUESTION_COLUMNS`.
        problems: gets what is wrong with it.

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

"""HumanEval's own format (github.com/openai/human-eval, MIT): one `check(candidate)` function per question.

HumanEval+ and others that keep these columns are read too. A check that is not plain asserts is taken apart as the
judge does; one with loops stays one test.
"""

import polars as pl

from acecoder_dagster.files import IDENTIFIER, ROW, TEXT, FileColumn
from acecoder_dagster.questions.importing.interchange import Contents, questions_table
from acecoder_dagster.questions.importing.python_tests import lift_asserts

COLUMNS = (
    FileColumn("task_id", IDENTIFIER, "Id of the question, e.g. HumanEval/0", required=True),
    FileColumn("prompt", TEXT, "Start of the program: imports, signature, docstring", required=True),
    FileColumn("canonical_solution", TEXT, "Rest of the reference program", required=True),
    FileColumn("test", TEXT, "Code that defines check(candidate)", required=True),
    FileColumn("entry_point", TEXT, "Name of the function to write", required=True),
)


def convert(frame: pl.DataFrame, file: str) -> Contents:
    """Return the questions. All are the benchmark's test split."""
    rows: list[dict[str, object]] = []
    for row in frame.iter_rows(named=True):
        tests = lift_asserts(row["test"], row["entry_point"])
        rows.append(
            {
                ROW: row[ROW],
                "question_id": row["task_id"],
                "source": "humaneval",
                "split": "test",
                "question": row["prompt"],
                "entry_point": row["entry_point"],
                "reference_program": row["prompt"] + row["canonical_solution"],
                "tests": tests or [],
                "test_code": row["test"] if tests is None else "",
                "licence": "MIT",
            }
        )
    return Contents(questions=questions_table(rows))

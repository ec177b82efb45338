"""BigCodeBench's own format (huggingface.co/datasets/bigcode/bigcodebench, Apache-2.0): `unittest.TestCase` classes.

The columns are those of the data set card; the reference program is put together as `get_groundtruth` in
github.com/bigcode-project/bigcodebench (bigcodebench/evaluate.py) does.
"""

import polars as pl

from acecoder_dagster.files import IDENTIFIER, ROW, TEXT, FileColumn
from acecoder_dagster.questions.importing.interchange import Contents, questions_table

COLUMNS = (
    FileColumn("task_id", IDENTIFIER, "Id of the question, e.g. BigCodeBench/0", required=True),
    FileColumn("complete_prompt", TEXT, "Start of the program: imports, signature, docstring", required=True),
    FileColumn("canonical_solution", TEXT, "Rest of the reference program", required=True),
    FileColumn("test", TEXT, "Code that defines unittest.TestCase classes", required=True),
    FileColumn("entry_point", TEXT, "Name of the function to write: task_func", required=True),
)


def convert(frame: pl.DataFrame, file: str) -> Contents:
    """Return the questions, as the benchmark's Complete variant asks them. All are its test split."""
    rows: list[dict[str, object]] = [
        {
            ROW: row[ROW],
            "question_id": row["task_id"],
            "source": "bigcodebench",
            "split": "test",
            "question": row["complete_prompt"],
            "entry_point": row["entry_point"],
            "reference_program": f"{row['complete_prompt']}\n{row['canonical_solution']}",
            "test_code": row["test"],
            "licence": "Apache-2.0",
        }
        for row in frame.iter_rows(named=True)
    ]
    return Contents(questions=questions_table(rows))

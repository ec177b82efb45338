"""MBPP's own formats (google-research/mbpp, CC-BY-4.0): the full data set and the sanitized, hand-verified part."""

import polars as pl

from acecoder_dagster.files import IDENTIFIER, ROW, TEXT, TEXTS, FileColumn
from acecoder_dagster.questions.importing.interchange import Contents, questions_table
from acecoder_dagster.questions.importing.python_tests import defined_names, most_called_function

_COMMON_COLUMNS = (
    FileColumn("task_id", IDENTIFIER, "Number of the question, from 1", required=True),
    FileColumn("code", TEXT, "Reference program", required=True),
    FileColumn("test_list", TEXTS, "Tests, one assert statement each", required=True),
    FileColumn("test_setup_code", TEXT, "Code that runs before the tests", default=""),
    FileColumn("test_imports", TEXTS, "Import statements that the tests need", default=[]),
    FileColumn("challenge_test_list", TEXTS, "Harder tests; results on MBPP do not count them", default=[]),
)
FULL_COLUMNS = (*_COMMON_COLUMNS, FileColumn("text", TEXT, "The question", required=True))
SANITIZED_COLUMNS = (*_COMMON_COLUMNS, FileColumn("prompt", TEXT, "The question", required=True))

_LAST_TASKS = ((10, "prompt"), (510, "test"), (600, "validation"), (974, "train"))
"""Published splits by the number of the last task: Austin et al. 2021 (arXiv 2108.07732), section 2.1."""


def convert_full(frame: pl.DataFrame, file: str) -> Contents:
    """Return the questions of the full data set, with ids MBPP/1 ..."""
    return _convert(frame, "text", "mbpp", "MBPP")


def convert_sanitized(frame: pl.DataFrame, file: str) -> Contents:
    """Return the questions of the sanitized part. Their ids MBPPs/2 ... keep them apart from those of the full one."""
    return _convert(frame, "prompt", "mbpp_sanitized", "MBPPs")


def _convert(frame: pl.DataFrame, question_column: str, source: str, prefix: str) -> Contents:
    rows: list[dict[str, object]] = []
    for row in frame.iter_rows(named=True):
        program = row["code"].replace("\r\n", "\n")
        setup = [*row["test_imports"], row["test_setup_code"].replace("\r\n", "\n")]
        rows.append(
            {
                ROW: row[ROW],
                "question_id": f"{prefix}/{row['task_id']}",
                "source": source,
                "split": _split(row["task_id"]),
                "question": row[question_column],
                "entry_point": most_called_function(row["test_list"], defined_names(program)),
                "reference_program": program,
                "tests": row["test_list"],
                "setup_code": "\n".join(part for part in setup if part),
                "challenge_tests": row["challenge_test_list"],
                "licence": "CC-BY-4.0",
            }
        )
    return Contents(questions=questions_table(rows))


def _split(task_id: str) -> str:
    if not task_id.isdecimal():
        return ""
    return next((split for last, split in _LAST_TASKS if int(task_id) <= last), "")

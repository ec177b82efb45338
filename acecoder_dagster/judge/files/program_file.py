"""Reads files of programs. They may be of any length, so they are read row by row, and several times."""

import hashlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from acecoder_dagster.files import IDENTIFIER, ROW, TEXT, FileColumn, Problems, read_batches
from acecoder_dagster.judge.files.errors import JudgeFileError
from acecoder_dagster.judge.files.question_file import QuestionFile

PROGRAM_COLUMNS = (
    FileColumn("question_id", IDENTIFIER, "Question the program answers", required=True),
    FileColumn("program_id", IDENTIFIER, "Id of the program, unique in the file", required=True),
    FileColumn("program", TEXT, "Complete Python source", required=True),
)


def check_programs(path: Path, questions: QuestionFile, problems: Problems) -> int:
    """Check a file of programs before the work begins.

    It takes 8 bytes of memory per program, to find ids that occur twice. Questions whose entry point has to be found
    look at their programs here.

    Args:
        path: Parquet, JSONL (also gzipped) or JSON with the `PROGRAM_COLUMNS`.
        questions: the questions that programs may answer.
        problems: receives what is wrong with the file.

    Returns:
        The number of programs.
    """
    digests = array("Q")
    for row in _rows(path, problems):
        question_id, program_id, program = row["question_id"], row["program_id"], row["program"]
        if question_id not in questions.rows:
            what = f"there is no question {question_id!r} in {questions.name}; add it there, or remove the program"
            problems.add(path.name, what, row=row[ROW], column="question_id")
        elif (finder := questions.finders.get(question_id)) is not None:
            finder.look_at(program)
        digests.append(_digest(program_id))
    suspects = _repeated(digests)
    if suspects:
        _report_repeated(path, suspects, problems)
    return len(digests)


def program_batches(path: Path) -> Iterator[pl.DataFrame]:
    """Read a file of programs that was checked before.

    Yields:
        Tables with the `PROGRAM_COLUMNS`: some rows each, in the order of the file.

    Raises:
        JudgeFileError: the file has been changed, and is wrong now.
    """
    problems = Problems()
    for batch in read_batches(path, PROGRAM_COLUMNS, problems):
        if problems.found:
            break
        yield batch
    if problems.found:
        raise JudgeFileError(problems.found)


def _rows(path: Path, problems: Problems) -> Iterator[dict[str, Any]]:
    """The rows in which no column is empty."""
    for batch in read_batches(path, PROGRAM_COLUMNS, problems):
        yield from batch.drop_nulls().iter_rows(named=True)


def _digest(program_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(program_id.encode(), digest_size=8).digest())


def _repeated(digests: "array[int]") -> set[int]:
    ordered = np.sort(np.frombuffer(digests, np.uint64))
    return set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())


def _report_repeated(path: Path, suspects: set[int], problems: Problems) -> None:
    first_rows: dict[str, int] = {}
    for row in _rows(path, Problems()):  # its problems are known
        program_id = row["program_id"]
        if _digest(program_id) in suspects:
            first = first_rows.setdefault(program_id, row[ROW])
            if first != row[ROW]:
                what = f"program id {program_id!r} occurs twice, first in row {first}; ids must be unique"
                problems.add(path.name, what, row=row[ROW], column="program_id")

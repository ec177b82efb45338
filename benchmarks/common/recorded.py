"""Real programs with recorded verdicts, as jobs of the judge, and the tasks of benchmarks."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import typer

from acecoder_dagster.judge import ProgramJob, QuestionTests

FILES = ("problems.parquet", "programs.parquet", "verdicts.parquet")


@dataclass(frozen=True)
class RecordedProgram:
    """A job, and whether the program passed each test when another runner recorded it."""

    job: ProgramJob
    passed: tuple[bool, ...]


def benchmark_tasks(data: Path, name: str) -> list[dict[str, Any]]:
    """Return the tasks of a benchmark, as its own file has them.

    Args:
        data: folder with benchmarks/NAME.jsonl.gz.
        name: of the file.

    Raises:
        BadParameter: it is missing; the message names it.
    """
    packed = data / "benchmarks" / f"{name}.jsonl.gz"
    if not packed.is_file():
        raise typer.BadParameter(f"{packed} is not there: name the folder that holds benchmarks/ with --data")
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def recorded_programs(data: Path) -> list[RecordedProgram]:
    """Return every program that has a recorded verdict, ordered by question.

    Args:
        data: folder with problems.parquet (question_id, entry_point, setup_code, tests, tests_faithful, check_code),
            programs.parquet (question_id, program_id, program), verdicts.parquet (program_id, question_id, per_test).

    Raises:
        BadParameter: a file is missing; the message names it.
    """
    missing = [str(data / name) for name in FILES if not (data / name).is_file()]
    if missing:
        raise typer.BadParameter(f"{', '.join(missing)}: not there; name the folder that holds them with --data")
    problems, programs, verdicts = (pl.read_parquet(data / name) for name in FILES)
    questions = {row["question_id"]: _question(row) for row in problems.iter_rows(named=True)}
    recorded = verdicts.select("question_id", "program_id", "per_test").join(
        programs.select("question_id", "program_id", "program"), on=("question_id", "program_id"), validate="1:1"
    )
    return [
        RecordedProgram(ProgramJob(questions[question], program_id, program), tuple(per_test))
        for question, program_id, per_test, program in recorded.sort("question_id", "program_id").iter_rows()
    ]


def _question(row: dict[str, Any]) -> QuestionTests:
    # Where the tests do not say what the data set's own check says, only the check does, as one test.
    tests = tuple(row["tests"]) if row["tests_faithful"] else (row["check_code"],)
    return QuestionTests(row["question_id"], row["entry_point"], row["setup_code"], tests)

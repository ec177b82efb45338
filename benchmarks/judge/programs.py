"""The programs the judge is timed on, with tests that both judges can decide: `assert f(arguments) == value`."""

import ast
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path

import polars as pl
import typer

from acecoder_dagster.judge import ProgramJob, QuestionTests

PROGRAMS_PER_QUESTION = 16

PROGRAM = '''
def merge_intervals(intervals):
    """Merge overlapping intervals; number {number}."""
    if not intervals:
        return []
    ordered = sorted(intervals, key=lambda pair: pair[0])
    merged = [list(ordered[0])]
    for start, end in ordered[1:]:
        last = merged[-1]
        if start <= last[1]:
            last[1] = max(last[1], end)
        else:
            merged.append([start, end])
    result = []
    for start, end in merged:
        if end < start:
            raise ValueError("interval ends before it starts")
        result.append((start, end))
    return result
'''
TESTS = tuple(f"assert merge_intervals([({i}, {i + 2}), ({i + 1}, {i + 5})]) == [({i}, {i + 5})]" for i in range(16))
QUESTION = QuestionTests("merge_intervals", "merge_intervals", "", TESTS)


@dataclass(frozen=True)
class Call:
    """A test taken apart: Python text of the tuple of arguments, and of the expected value."""

    arguments: str
    expected: str


def one_program(first: int, count: int) -> Iterator[ProgramJob]:
    """Yield 20 lines of Python, right and different in a comment only, as often as asked."""
    for number in range(first, first + count):
        yield ProgramJob(QUESTION, str(number), PROGRAM.replace("{number}", str(number)))


def recorded_mix(data: Path, count: int) -> list[ProgramJob]:
    """Draw programs that models wrote: questions at random, and up to 16 programs of each.

    Args:
        data: folder with problems.parquet (question_id, entry_point, setup_code, tests) and programs.parquet
            (question_id, program_id, program).
        count: how many programs.

    Returns:
        Jobs, those of a question together, the same for the same files.

    Raises:
        BadParameter: a file is missing; the message names it.
    """
    for name in ("problems.parquet", "programs.parquet"):
        if not (data / name).is_file():
            raise typer.BadParameter(f"{data / name} is not there: name the folder that holds it with --data")
    questions = {}
    for row in pl.read_parquet(data / "problems.parquet").iter_rows(named=True):
        tests = tuple(test for test in row["tests"] if split_call(test, row["entry_point"]) is not None)
        if tests and not row["setup_code"]:
            questions[row["question_id"]] = QuestionTests(row["question_id"], row["entry_point"], "", tests)
    programs = pl.read_parquet(data / "programs.parquet", columns=["question_id", "program_id", "program"])
    by_question: dict[str, list[ProgramJob]] = {}
    for question_id, program_id, program in programs.sort("question_id", "program_id").iter_rows():
        if question_id in questions:
            job = ProgramJob(questions[question_id], program_id, program)
            by_question.setdefault(question_id, []).append(job)
    dice = random.Random(0)
    order = sorted(by_question)
    dice.shuffle(order)
    drawn: list[ProgramJob] = []
    for question_id in order:
        pool = list({job.program: job for job in by_question[question_id]}.values())
        drawn += dice.sample(pool, min(PROGRAMS_PER_QUESTION, len(pool)))
        if len(drawn) >= count:
            break
    return drawn[:count]


def split_call(test: str, entry_point: str) -> Call | None:
    """Take `assert f(arguments) == value` apart; None for any other test."""
    try:
        (statement,) = ast.parse(test).body
    except (SyntaxError, ValueError):
        return None
    match statement:
        case ast.Assert(ast.Compare(ast.Call(ast.Name(name), arguments, []), [ast.Eq()], [value])) if (
            name == entry_point
        ):
            texts = (f"({''.join(ast.unparse(argument) + ', ' for argument in arguments)})", ast.unparse(value))
            return Call(*texts) if all(_is_literal(text) for text in texts) else None
    return None


def in_slices(jobs: Iterable[ProgramJob], questions: int) -> list[list[ProgramJob]]:
    """Cut jobs into parts of so many questions each."""
    groups = [list(group) for _, group in groupby(jobs, key=lambda job: job.question.question_id)]
    return [list(chain.from_iterable(groups[start : start + questions])) for start in range(0, len(groups), questions)]


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError):
        return False
    return True

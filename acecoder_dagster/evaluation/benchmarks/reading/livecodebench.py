"""LiveCodeBench's own format: the parts test*.jsonl of the data set livecodebench/code_generation_lite of the hub."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from typing import Any

from acecoder_dagster.evaluation.benchmarks.reading.task import Task, TaskError, text_of
from acecoder_dagster.files.limits import Allowance, TooLargeError
from acecoder_dagster.questions.importing.livecodebench import TEST_COLUMNS, decoded_tests


def read_task(row: Mapping[str, Any], variant: str) -> Task:
    """Return the task of a row. Tests may be compressed and pickled; nothing is unpickled.

    The record has `tests` besides, public ones first: each an object with input, output and testtype.

    Args:
        row: columns question_id, question_content, starter_code, public_test_cases, private_test_cases, metadata,
            contest_date, difficulty, and others that are kept as they are.
        variant: not used.

    Raises:
        TaskError: a column is missing, or cannot be read.
    """
    content, starter = text_of(row, "question_content"), text_of(row, "starter_code")
    tests = [test for column in TEST_COLUMNS for test in _tests(row, column)]
    if not tests:
        raise TaskError("public_test_cases: there is no test")
    name = _function_name(row)
    kinds = {test["testtype"] for test in tests}
    if kinds != ({"functional"} if name else {"stdin"}):
        raise TaskError(f"public_test_cases: tests of the type {', '.join(sorted(kinds))}, with func_name {name!r}")
    return Task(
        text_of(row, "question_id"),
        name,
        {"prompt": content, "question": content, "starter_code": starter},
        dict(row) | {"tests": tests},
        date=_date(text_of(row, "contest_date")),
        difficulty=text_of(row, "difficulty"),
    )


def _tests(row: Mapping[str, Any], column: str) -> list[dict[str, str]]:
    text = text_of(row, column)
    try:
        tests = decoded_tests(text, Allowance(len(text), "give the tests as JSON that is not compressed"))
    except (ValueError, RecursionError, TooLargeError) as error:
        raise TaskError(f"{column}: neither JSON nor compressed JSON: {error}") from error
    fields = ("input", "output", "testtype")
    if not isinstance(tests, list) or not all(
        isinstance(test, dict) and all(isinstance(test.get(name), str) for name in fields) for test in tests
    ):
        raise TaskError(f"{column}: a list of objects with the texts {', '.join(fields)} is needed")
    return tests


def _function_name(row: Mapping[str, Any]) -> str:
    try:
        name = json.loads(text_of(row, "metadata")).get("func_name") or ""
    except (ValueError, AttributeError, RecursionError) as error:
        raise TaskError(f"metadata: a JSON object is needed: {error}") from error
    if not isinstance(name, str):
        raise TaskError(f"metadata: func_name is {name!r}, not a name")
    return name


def _date(text: str) -> datetime.date:
    try:
        return datetime.datetime.fromisoformat(text).date()
    except ValueError as error:
        raise TaskError(f"contest_date: {error}") from error

"""Reads input/output tests one by one, so that a malformed test does not spoil the others."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from acecoder_dagster.files import TEXT
from acecoder_dagster.judge import IoTest, QuestionTests


@dataclass(frozen=True)
class ReadIoTest:
    """One element of a list of input/output tests.

    Attributes:
        found: the element as text.
        test: the test; None where the element is none.
        problem: why it is none.
    """

    found: str
    test: IoTest | None
    problem: str = ""


def read_io_tests(text: str, entry_point: str) -> Iterator[ReadIoTest]:
    """Read a JSON list of objects with the texts `input` and `output`; other keys are ignored.

    Args:
        text: the list as JSON; empty where there are no tests. Anything else gives one malformed test.
        entry_point: with one, every line of an input and every output must be JSON (see `QuestionTests`).

    Yields:
        One per element.
    """
    if not text:
        return
    try:
        elements = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield ReadIoTest(text, None, f"not JSON: {error}")
        return
    if not isinstance(elements, list):
        yield ReadIoTest(text, None, "a list of objects with the texts `input` and `output` is needed")
        return
    for element in elements:
        yield _read(element, entry_point)


def _read(element: object, entry_point: str) -> ReadIoTest:
    found = json.dumps(element)
    if not isinstance(element, dict) or not all(TEXT.accepts(element.get(name)) for name in ("input", "output")):
        return ReadIoTest(found, None, "an object with the texts `input` and `output` is needed")
    test = IoTest(element["input"], element["output"])
    try:
        QuestionTests("", entry_point, "", io_tests=(test,))
    except ValueError as error:
        return ReadIoTest(found, None, str(error))
    return ReadIoTest(found, test)

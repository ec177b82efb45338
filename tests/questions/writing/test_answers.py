import json

import pytest

from acecoder_dagster.questions.writing.answers import UnusableAnswerError, read_answer

GOOD = {
    "question": "Write a function `add(a: int, b: int) -> int` that adds.",
    "signature": "add(a: int, b: int) -> int",
    "tests": ["assert add(1, 2) == 3", "assert add(0, 0) == 0"],
}
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "answer",
    [
        TEXT,
        json.dumps(GOOD, indent=2),
        f"```json\n{TEXT}\n```",
        f"Here is your question:\n\n{TEXT}\n\nI hope this helps {{really}}!",
        f"Think {{a: b}} first.\n```json\n{TEXT}\n```\nDone.",
        repr(GOOD),
        TEXT.replace("adds.", "adds.\n"),
    ],
)
def test_an_answer_is_read_in_whatever_form_it_comes(answer):
    read = read_answer(answer)

    assert read.entry_point == "add"
    assert read.tests == tuple(GOOD["tests"])
    assert not read.repaired


def test_of_a_truncated_answer_the_complete_tests_count():
    read = read_answer(TEXT[: TEXT.index("add(0, 0)") + 4])

    assert read.tests == ("assert add(1, 2) == 3",)
    assert read.repaired


@pytest.mark.parametrize(
    "signature", ["def add(a: int, b: int) -> int:", "`add(a: int, b: int) -> int`", "add(a:int,b:int)->int"]
)
def test_the_question_states_the_signature_however_it_was_written(signature):
    read = read_answer(json.dumps(GOOD | {"question": "Add two numbers.", "signature": signature}))

    assert read.signature == "add(a: int, b: int) -> int"
    assert read.question.endswith("Write it as `def add(a: int, b: int) -> int`.")
    assert read_answer(TEXT).question == GOOD["question"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "empty_answer"),
        ("I cannot do that.", "no_json_object"),
        ('{"title": "x", "cases": []}', "missing_parts"),
        (json.dumps({"question": "x", "tests": ["assert f()"]}), "missing_parts"),
        (json.dumps(GOOD | {"question": " "}), "no_question"),
        (json.dumps(GOOD | {"tests": "assert add(1, 2) == 3"}), "tests_not_texts"),
        (json.dumps(GOOD | {"tests": [{"input": 1}]}), "tests_not_texts"),
        (json.dumps(GOOD | {"tests": []}), "no_tests"),
        (json.dumps(GOOD | {"signature": "class Adder"}), "no_signature"),
        (json.dumps(GOOD | {"signature": "sum(a, b)"}), "builtin_name"),
        (TEXT[:30], "no_json_object"),
    ],
)
def test_an_answer_without_a_question_says_what_is_wrong(answer, reason):
    with pytest.raises(UnusableAnswerError) as raised:
        read_answer(answer)

    assert raised.value.reason == reason

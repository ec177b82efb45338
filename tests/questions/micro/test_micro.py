"""The micro task family: what its questions, splits and corpus promise."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from acecoder_dagster.questions.micro import MicroSettings, generate_tasks, noisy_programs, split_of

SETTINGS = MicroSettings()
SHORT = MicroSettings(min_primitives=2, max_primitives=2)


def call(program: str, arguments: str) -> object:
    """The program's answer with its type, or the exception it ends with."""
    namespace: dict = {}
    exec(program, namespace)
    try:
        answer = namespace["f"](ast.literal_eval(arguments))
    except Exception as error:
        return type(error)
    return repr(answer)


def test_reference_programs_answer_every_input() -> None:
    for task in generate_tasks(200, 1, SETTINGS):
        for arguments in task.argument_texts:
            assert not isinstance(call(task.reference_program, arguments), type), (task, arguments)


def test_questions_differ_and_a_longer_list_begins_with_the_shorter_one() -> None:
    tasks = generate_tasks(400, 5, SETTINGS)
    assert len({task.question for task in tasks}) == 400
    assert tasks[:150] == generate_tasks(150, 5, SETTINGS)
    assert tasks[0] != generate_tasks(1, 6, SETTINGS)[0]


@given(st.integers(0, 10_000))
@settings(max_examples=10)
def test_arguments_of_a_question_are_different_and_as_many_as_asked_for(seed: int) -> None:
    kinds = {"list": list, "text": str, "number": int}
    for task in generate_tasks(20, seed, MicroSettings(tests_per_question=24)):
        assert len(set(task.argument_texts)) == 24
        assert all(type(ast.literal_eval(text)) is kinds[task.kind] for text in task.argument_texts)


def test_splits_share_no_composition_and_have_their_shares() -> None:
    tasks = generate_tasks(3000, 2, SETTINGS)
    compositions = {
        split: {(t.kind, t.composition) for t in tasks if t.split == split} for split in ("train", "validation", "test")
    }
    assert not compositions["train"] & (compositions["validation"] | compositions["test"])
    assert not compositions["validation"] & compositions["test"]
    total = sum(map(len, compositions.values()))
    assert 0.65 < len(compositions["train"]) / total < 0.75
    assert 0.16 < len(compositions["test"]) / total < 0.24
    assert all(split_of(t.kind, t.composition) == t.split for t in tasks)


def test_a_single_split_can_be_drawn() -> None:
    assert {task.split for task in generate_tasks(50, 3, SETTINGS, split="validation")} == {"validation"}


def test_corpus_holds_train_questions_only() -> None:
    split_by_question = {task.question: task.split for task in generate_tasks(2000, 4, SHORT)}
    rows = list(noisy_programs(2000, 9, SHORT))
    assert {split_by_question[row.question] for row in rows if row.question in split_by_question} == {"train"}
    assert rows == list(noisy_programs(2000, 9, SHORT))


def test_corpus_programs_are_right_and_wrong() -> None:
    tasks = {task.question: task for task in generate_tasks(2000, 4, SHORT)}
    rows = [row for row in noisy_programs(2000, 9, SHORT) if row.question in tasks]
    right = [
        all(
            call(row.program, arguments) == call(tasks[row.question].reference_program, arguments)
            for arguments in tasks[row.question].argument_texts
        )
        for row in rows
    ]
    assert len(right) > 500
    assert 0.6 < sum(right) / len(right) < 0.8


def test_asking_for_more_questions_than_there_are_is_refused_with_the_number_there_are() -> None:
    with pytest.raises(ValueError, match=r"only about \d+ questions .* 50000 were asked for"):
        generate_tasks(50_000, 0, SHORT, split="validation")


def test_an_empty_range_of_primitives_is_refused() -> None:
    with pytest.raises(ValidationError, match="must not exceed"):
        MicroSettings(min_primitives=4, max_primitives=3)


def test_compositions_have_the_asked_number_of_primitives() -> None:
    lengths = {len(task.composition) for task in generate_tasks(300, 8, SETTINGS)}
    assert lengths == {2, 3, 4}

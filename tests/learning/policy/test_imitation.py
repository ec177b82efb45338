"""Programs that a small model imitates: what the corpus about given questions promises."""

import ast

import pytest

from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.learning.policy.imitation import NothingToImitateError, imitable_questions, imitated_programs
from acecoder_dagster.questions.test_suites.choosing import mutants
from tests.rows import rows

CLAMP = '''
# Used everywhere.
def clamp(x, low, high):
    """Return x, at least low and at most high."""
    return max(low, min(x, high))  # low wins
'''
COUNT = '''
def count(values, wanted):
    """Return how often a value is there."""
    found = 0
    for value in values:
        if value == wanted:
            found += 1
    return found
'''
SAME = '''
def same(x):
    """Return x."""
    return x
'''


def question(name, program, split="train"):
    return {
        "question_id": name,
        "split": split,
        "question": f"Write {name}.",
        "entry_point": name,
        "reference_program": program,
    }


@pytest.fixture
def references():
    return imitable_questions(rows(QUESTIONS, question("clamp", CLAMP), question("count", COUNT)))


def test_only_train_questions_with_a_reference_program_that_parses_are_imitated():
    questions = rows(
        QUESTIONS,
        question("same", SAME),
        question("held_out", CLAMP, "test"),
        question("watched", COUNT, "validation"),
        question("unanswered", None),
        question("broken", "def broken(:"),
    )

    found = imitable_questions(questions)

    assert found.rows() == [("same", "Write same.", "same", "def same(x):\n    return x")]


@pytest.mark.parametrize("others", [[], [question("held_out", CLAMP, "test"), question("unanswered", None)]])
def test_where_no_question_can_be_imitated_it_is_said(others):
    with pytest.raises(NothingToImitateError, match=f"None of {len(others)} questions .* is in the train split"):
        imitable_questions(rows(QUESTIONS, *others))


def test_a_corpus_holds_references_and_their_mutants_in_about_equal_shares(references):
    corpus = imitated_programs(references, 600, 0)

    assert corpus.height == 600
    right = dict(references.select("question_id", "program").iter_rows())
    faulty = {name: set(mutants(program, 1000)) for name, program in right.items()}
    written = list(corpus.select("question_id", "program").iter_rows())
    is_right = [program == right[name] for name, program in written]
    assert all(good or program in faulty[name] for good, (name, program) in zip(is_right, written, strict=True))
    assert 0.4 < sum(is_right) / 600 < 0.6
    assert set(corpus["question_id"]) == {"clamp", "count"}
    assert corpus["program"].n_unique() > 10


def test_nothing_in_the_writing_of_a_program_marks_it_as_right_or_wrong(references):
    for program in imitated_programs(references, 100, 0)["program"]:
        assert program == ast.unparse(ast.parse(program))
        assert '"""' not in program


def test_a_program_without_any_fault_to_make_is_imitated_as_it_is():
    program = "def nothing(x):\n    pass"
    references = imitable_questions(rows(QUESTIONS, question("nothing", program)))

    assert set(imitated_programs(references, 20, 0)["program"]) == {program}


def test_a_seed_gives_the_same_corpus_again_and_another_seed_another(references):
    drawn = imitated_programs(references, 100, 1)

    assert drawn.equals(imitated_programs(references, 100, 1))
    assert not drawn.equals(imitated_programs(references, 100, 2))

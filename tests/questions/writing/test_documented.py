import ast

import pytest

from acecoder_dagster.data.tables import SEED_FUNCTIONS
from acecoder_dagster.questions.writing import documented_questions
from tests.rows import rows

DOCUMENTED = '''
import re
def count_words(text: str, *, least: int = 1) -> int:
    """Return how many words of at least `least` letters the text has."""
    return sum(len(word) >= least for word in re.findall(r"\\w+", text))
'''


def seed(code, entry_point="count_words"):
    return rows(SEED_FUNCTIONS, {"seed_id": "s", "source": "mine", "code": code, "entry_point": entry_point})


def test_a_documented_function_is_a_question_with_its_exact_signature():
    questions, rejected = documented_questions(seed(DOCUMENTED))

    question = questions.row(0, named=True)
    assert "`count_words(text: str, *, least: int=1) -> int`" in question["question"]
    assert "at least `least` letters" in question["question"]
    assert question["reference_program"] == DOCUMENTED
    assert (question["entry_point"], question["writer"]) == ("count_words", "docstring")
    assert rejected.is_empty()
    ast.parse(question["reference_program"])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def count_words(text):\n    return 1", "no_docstring"),
        ("def count_words(text):\n    'Count.'\n    return 1", "docstring_too_short"),
        ("def count_words():\n    'Return how many words there are.'\n    return 1", "no_arguments"),
        ("def other(text):\n    'Return how many words there are.'\n    return 1", "no_function"),
        (DOCUMENTED.replace("import re", "import re, random").replace("return sum", "return random.random() or sum"),
         "reaches_outside"),
    ],
)  # fmt: skip
def test_functions_that_make_no_question_say_why(code, reason):
    questions, rejected = documented_questions(seed(code))

    assert questions.is_empty()
    assert rejected["reason"].to_list() == [reason]


def test_functions_with_the_name_of_a_builtin_are_no_questions_because_python_answers_them():
    questions, rejected = documented_questions(seed("def bin(n):\n    'Return n in base two.'\n    return n", "bin"))

    assert questions.is_empty()
    assert rejected["reason"].to_list() == ["builtin_name"]

import ast

import pytest

from acecoder_dagster.questions.test_suites.choosing import mutants

PROGRAM = '''
def f(items, n):
    """Say what it does."""
    total = 0
    for item in items:
        if item > n and item != 3:
            total += item
        else:
            continue
    return total if total else None
'''


def test_every_mutant_is_another_program_that_parses():
    texts = mutants(PROGRAM, 1000)

    assert len(texts) == len(set(texts)) > 10
    assert all(ast.dump(ast.parse(text)) != ast.dump(ast.parse(PROGRAM)) for text in texts)


@pytest.mark.parametrize(
    "changed", ["item >= n", "item == 3", "or item", "total -= item", "return None", "n and item != 4"]
)
def test_operators_conditions_constants_and_statements_are_changed(changed):
    assert any(changed in text for text in mutants(PROGRAM, 1000))


def test_a_limit_draws_some_of_them_and_the_same_again():
    few = mutants(PROGRAM, 5, seed=1)

    assert len(few) == 5
    assert set(few) < set(mutants(PROGRAM, 1000))
    assert few == mutants(PROGRAM, 5, seed=1)


def test_of_what_is_no_python_there_are_none():
    assert mutants("def f(:", 5) == []

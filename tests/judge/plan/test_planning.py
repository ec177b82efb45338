import json

import pytest

from acecoder_dagster.judge import QuestionTests
from acecoder_dagster.judge.plan.planning import QuestionPlan, plan_question


def plan(*tests: str, setup: str = "", entry_point: str = "f") -> QuestionPlan:
    return plan_question(QuestionTests("question", entry_point, setup, tests))


@pytest.mark.parametrize(
    "test",
    [
        "assert f() == None",
        "assert f(1, -2.5, key='a') == [1, (2, {'b': {3}})]",
        "assert f(*[[1, 2], 'x'], b=()) == -0.0",
        "assert f([[]]) == {}",
        "assert f(1e999) == 3",
        f"assert f(1) == {hex(10**5000)}",
        "assert f(...) == 2j",
        "assert f(**{'a': 1}) == 2",
        "assert f(g) == 1",
        "assert g(1) == 1",
        "assert f(f) == 1",
        "assert f(1) == f(2)",
        "assert f(1)[0] == 1",
        "assert f(1) == 1 == 1",
        "assert f(1) is True",
    ],
)
def test_a_test_with_a_message_is_decided_as_the_same_without(test: str):
    # A message takes a test the long way, through its tree.
    short, long = plan(test), plan(f"{test}, 'message'")
    said = [
        (json.loads(bytes(each.calls)), each.tests[0].way, each.tests[0].passing_payload, each.tests[0].is_pure)
        for each in (short, long)
    ]
    assert said[0] == said[1]
    compared = [
        json.loads(bytes(each.comparisons))["tests"][0]["code"].split(", 'message'")[0] for each in (short, long)
    ]
    assert compared[0] == compared[1]
    assert (short.tests[0].decision is None) == (long.tests[0].decision is None)


def test_a_function_of_the_setup_under_the_name_of_the_entry_point_is_not_taken_for_the_program():
    setup = "limit = [1]\ndef f(x):\n    return limit"
    assert (
        plan("assert f(1) == [1]", setup=setup).tests[0].way == plan("assert f(1) == [1], ''", setup=setup).tests[0].way
    )


def test_modules_under_names_with_an_underscore_are_not_there_for_programs():
    question = plan("assert (lambda out: bool(_numpy.all(out)))(f(1))", setup="import numpy as _numpy\nimport math")
    assert json.loads(bytes(question.calls))["setup"] == "import math"
    assert json.loads(bytes(question.comparisons))["setup"] == "import numpy as _numpy\nimport math"


def test_modules_that_a_call_needs_are_there_for_programs_under_any_name():
    question = plan("assert f(_math.pi) == 3", setup="import math as _math")
    assert json.loads(bytes(question.calls))["setup"] == "import math as _math"

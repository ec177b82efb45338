import ast

import pytest

from acecoder_dagster.judge.plan.parsed_tests import MAX_TEST_BYTES, parse_test
from acecoder_dagster.python_source import unparse


@pytest.mark.parametrize(
    "literal", ["[1, (2.5, -3), {'a': [b'x', None]}, {True}]", "()", "{}", "[1e999]", "[1, x]", f"[{hex(10**5000)}]"]
)
def test_a_literal_in_an_assert_keeps_its_value(literal: str):
    (statement,) = parse_test(f"assert f(*{literal}) == {literal}").body
    assert isinstance(statement, ast.Assert)
    names = {"x": 7, "f": lambda *arguments: type(eval(literal, {"x": 7}))(arguments)}
    if literal.startswith("{"):
        assert unparse(statement.test) == f"f(*{literal}) == {literal}"
    else:
        assert eval(unparse(statement.test), names)


def test_a_long_literal_in_an_assert_is_one_node():
    test = parse_test(f"assert f(1) == {[[i] for i in range(1000)]}")
    assert sum(1 for statement in test.body for _ in ast.walk(statement)) < 20


def test_a_list_outside_of_asserts_stays_one_that_a_call_could_change():
    (statement, _) = parse_test("data = [1, 2]\nassert f(data) == 3").body
    assert isinstance(statement, ast.Assign)
    assert isinstance(statement.value, ast.List)


def test_a_test_tells_what_it_defines_and_what_it_reads():
    test = parse_test("import math\nlimit = math.pi\nassert f(limit) == [g]")
    assert (test.defined, test.read) == ({"math", "limit"}, {"math", "limit", "f", "g"})


@pytest.mark.parametrize(("text", "problem"), [("assert f(", "parse"), ("#" * (MAX_TEST_BYTES + 1), "too long")])
def test_what_cannot_be_parsed_says_why(text: str, problem: str):
    test = parse_test(text)
    assert problem in test.problem
    assert not test.body

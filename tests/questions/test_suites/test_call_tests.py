import pytest

from acecoder_dagster.questions.test_suites.call_tests import split_test, value_key


@pytest.mark.parametrize(
    ("test", "call", "expected"),
    [
        ("assert f(1, [2]) == {'a': 3}", "f(1, [2])", {"a": 3}),
        ("assert (3, 4) == f( 1 )", "f(1)", (3, 4)),
        ("assert f('x') is None", "f('x')", None),
        ("assert f(1)", "f(1)", True),
        ("assert not f(1), 'message'", "f(1)", False),
        ("assert f(-1) == -2.5", "f(-1)", -2.5),
    ],
)
def test_a_test_says_which_call_gives_which_value(test, call, expected):
    found = split_test(test, "f")

    assert (found.call, found.expected) == (call, expected)


@pytest.mark.parametrize(
    "test", ["assert g(1) == 2", "assert f(1) == x", "assert f(1) < 2", "f(1)", "assert f(", "a=1"]
)
def test_other_tests_are_not_taken_apart(test):
    assert split_test(test, "f") is None


def test_arguments_are_values_where_they_are_plain():
    assert split_test("assert f(1, 'a') == 2", "f").arguments == (1, "a")
    assert split_test("assert f(x=1) == 2", "f").arguments is None
    assert split_test("assert f([0] * 9) == 2", "f").arguments is None


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0.0, -0.0), ([1, 2.0], [1.0, 2]), ({1, 2}, {2, 1}), ({1: 2}, {1.0: 2})]
)
def test_equal_values_have_one_key(one, other):
    assert value_key(one) == value_key(other)


@pytest.mark.parametrize(("one", "other"), [("1", 1), ([1], (1,)), (None, False), ({1}, [1]), (2**53 + 1, 2**53)])
def test_different_values_have_different_keys(one, other):
    assert value_key(one) != value_key(other)


def test_a_number_of_ten_thousand_digits_has_a_key():
    assert value_key(10**10_000) != value_key(10**10_000 + 1)

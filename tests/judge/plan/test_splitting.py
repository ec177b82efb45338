import ast

import pytest

from acecoder_dagster.judge.plan.calls import EntryPoint, NotSplittableError
from acecoder_dagster.judge.plan.parsed_tests import parse_test
from acecoder_dagster.judge.plan.splitting import SplitTest, read_setup, split_test


def split(test: str, entry_point: str = "f", setup: str = "") -> SplitTest:
    return split_test(parse_test(test), EntryPoint(entry_point), read_setup(setup, EntryPoint(entry_point)))


@pytest.mark.parametrize(
    ("test", "call", "comparison"),
    [
        ("assert f(1) == 2", "f(1)", "__r0 == 2"),
        ("assert 2 == f(1), 'message'", "f(1)", "2 == __r0"),
        ("assert f(g(1)) == 2", "f(g(1))", "__r0 == 2"),
        ("assert f(f(1)) == 2", "f(f(1))", "__r0 == 2"),
        ("assert abs(f(1) - 0.5) < 1e-6", "f(1)", "abs(__r0 - 0.5) < 1e-06"),
        ("assert sorted(f(1), reverse=True) == [1]", "f(1)", "__r0 == [1]"),
        ("assert len(set(f(1))) == 1", "f(1)", "__r0 == 1"),
        ("assert sorted(f(1), key=lambda x: -x) == [1]", "f(1)", "sorted(__r0, key=lambda x: -x) == [1]"),
        ("assert f('a').upper() == 'A'", "f('a').upper()", "__r0 == 'A'"),
        ("assert f(1)[0].startswith('x')", "f(1)[0]", "__r0.startswith('x')"),
        ("assert f('a').isdigit()", "f('a')", "__r0.isdigit()"),
        ("assert f(1).root.value == 3", "f(1).root.value", "__r0 == 3"),
        ("assert Solution().f([1]) == 2", "Solution().f([1])", "__r0 == 2"),
        ("assert f([Pair(1, 2)]) == 2", "f([Pair(1, 2)])", "__r0 == 2"),
        ("assert f(lambda x: x + 1) == 2", "f(lambda x: x + 1)", "__r0 == 2"),
        ("assert f(1)(2)[0] == 3", "f(1)(2)[0]", "__r0 == 3"),
        ("assert Dog(1).speak().startswith('x')", "Dog(1).speak()", "__r0.startswith('x')"),
        ("assert Trie().startswith('x')", "Trie().startswith('x')", "__r0"),
        ("assert isinstance(f(1), (int, str)) and True", "f(1)", "isinstance(__r0, (int, str)) and True"),
        ("import asyncio\nassert asyncio.run(f(1)) == 2", "asyncio.run(f(1))", "__r0 == 2"),
    ],
)
def test_the_program_is_asked_for_a_value_and_the_comparison_is_kept(test, call, comparison):
    taken_apart = split(test)
    assert taken_apart.call == call
    assert ast.unparse(taken_apart.comparison) == comparison


def test_what_is_done_to_the_value_alone_is_done_where_the_program_is():
    assert split("assert sorted(f(1), reverse=True) == [1]").conversions == (("sorted", {"reverse": True}),)
    assert split("assert len(set(f(1))) == 1").conversions == (("set", {}), ("len", {}))
    assert split("assert sum([f(1), 2]) == 3").conversions == ()


@pytest.mark.parametrize(
    ("test", "call"),
    [
        ("assert Solution().f([1]) == 2", "Solution().f([1])"),
        ("assert Solution().f([1]).isdisjoint({2})", "Solution().f([1])"),
        ("assert len(Solution().f([1])) == 2", "Solution().f([1])"),
    ],
)
def test_an_entry_point_may_be_a_method(test, call):
    assert split(test, entry_point="Solution().f").call == call


@pytest.mark.parametrize(
    "test",
    [
        "assert is_same(Solution().f(1), 2)",
        "assert Solution().is_same(Solution().f(1), 2)",
        "assert Solution().f(1).equals(2)",
        "assert helper(Solution().f(1)) == 2",
    ],
)
def test_no_other_method_or_function_of_the_program_sees_what_the_method_under_test_gave(test):
    with pytest.raises(NotSplittableError):
        split(test, entry_point="Solution().f")


@pytest.mark.parametrize(
    "test",
    [
        "assert f(3) == 777",
        "assert 777 != f(3) and not 7 == 777",
        "expected = 777\nassert f(3) == expected",
        "def expect():\n    return 777\nassert f(3) == expect()",
        "assert f(1).count(777) == 2",
        "assert f(1).__eq__(777)",
        "assert isinstance(f(3), int) and max(3, 777) == 777",
        "assert f(3) in {777, 778}",
        "import math\nassert math.isclose(f(3), 777)",
        "assert math.isclose(f(3), 777)",
    ],
)
def test_what_is_expected_is_not_sent_to_the_program(test):
    taken_apart = split(test)
    assert "777" not in taken_apart.call + taken_apart.call_prelude
    assert "777" in taken_apart.prelude + ast.unparse(taken_apart.comparison)


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) == Point(1, 2)",
        "assert callable(f)",
        "assert list(map(f, [1])) == [2]",
        "assert is_close(f(1), 2)",
        "assert all(f(x) == y for x, y in [(1, 2)])",
        "assert [f(x) - y for x, y in [(1, 2)]] == [0]",
        "assert (y := f(1)) == 2",
        "for i in range(3):\n    assert f(i) == i",
        "try:\n    f(1)\nexcept ValueError:\n    pass",
        "x = f(1)\nassert x == 2",
        "xs = [2, 1]\nassert f(xs) == sorted(xs)",
        "seen = []\ndef g(x):\n    seen.append(x)\nassert f(g) == seen",
        "def data():\n    return 1, 2\nassert f(data()[0]) == data()[1]",
        "assert f(1).equals(2)",
        "assert f(1).get('a') == 2",
        "assert f(1) + f(2) == 3",
        "assert f(1) == 1 or f(2) == 2",
        "assert f(1) == 2\nassert f(2) == 3",
        "assert False or f(1)",
        "assert (f(1) if True else 2) == 2",
        "assert 1 < 2 < f(3)",
        "assert [f(i) for i in (1, 2)] == [2, 3]",
        "def same(a, b):\n    return a.x == b\nassert same(f(1), 2)",
        "assert callable(f(1))",
        "assert isinstance(f(1), Decimal)",
        "assert True",
        "from helpers import *\nassert f(1) == 2",
        "assert f(1) ==",
        "assert " + "(" * 300 + "f(1)" + ")" * 300,
        "f(1)",
        "",
    ],
)
def test_what_cannot_be_decided_by_value_is_not_split(test):
    with pytest.raises(NotSplittableError):
        split(test)


def test_names_of_the_setup_code_are_known_on_both_sides():
    assert split("assert f(limit) == limit", setup="limit = 3").call == "f(limit)"
    assert split("assert math.floor(f(1)) == 1", setup="import math").modules == ()
    assert split("assert math.floor(f(1)) == 1").modules == ("math",)


def test_setup_code_that_needs_the_program_stays_with_the_program():
    setup = "import math\nroot = Node(1)\nroot.left = Node(2)"
    assert read_setup(setup, EntryPoint("f")).comparison_code == "import math"
    assert split("assert f(root) == 2", setup=setup).call == "f(root)"
    with pytest.raises(NotSplittableError):
        split("assert f(1) == root", setup=setup)


@pytest.mark.parametrize(
    ("setup", "test", "is_pure"),
    [
        ("", "assert f(1) == 2", True),
        ("limit = 3", "assert f(1) < limit", True),
        ("def near(a, b):\n    return abs(a - b) < 1", "assert f(1) == 2 and near(1, 2)", True),
        ("answers = iter([2, 3])", "assert f(1) == next(answers)", False),
        ("answers = [2, 3]", "assert f(1) == answers.pop()", False),
        ("seen = []\ndef new(x):\n    seen.append(x)\n    return True", "assert f(1) == 2 and new(1)", False),
        ("count = 0\ndef new():\n    global count\n    count += 1\n    return count", "assert f(1) == new()", False),
        ("def new(seen=[]):\n    seen.append(1)\n    return seen", "assert f(1) == new()", False),
        ("import random", "assert f(1) == random.choice([1, 2])", False),
    ],
)
def test_it_says_whether_a_comparison_depends_on_the_value_alone(setup, test, is_pure):
    assert split(test, setup=setup).is_pure is is_pure

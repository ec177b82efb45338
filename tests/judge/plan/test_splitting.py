import ast

import pytest

from acecoder_dagster.judge.plan.splitting import NotSplittableError, SplitTest, read_setup, split_test


def split(test: str, entry_point: str = "f", setup: str = "") -> SplitTest:
    return split_test(test, entry_point, read_setup(setup, entry_point))


@pytest.mark.parametrize(
    ("test", "calls", "comparison"),
    [
        ("assert f(1) == 2", ("f(1)",), "__r0 == 2"),
        ("assert 2 == f(1), 'message'", ("f(1)",), "2 == __r0"),
        ("assert f(g(1)) == 2", ("f(g(1))",), "__r0 == 2"),
        ("assert f(f(1)) == 2", ("f(f(1))",), "__r0 == 2"),
        ("assert f(1) + f(2) == 3", ("f(1)", "f(2)"), "__r0 + __r1 == 3"),
        ("assert abs(f(1) - 0.5) < 1e-6", ("f(1)",), "abs(__r0 - 0.5) < 1e-06"),
        ("assert sorted(f(1)) == [1]", ("f(1)",), "sorted(__r0) == [1]"),
        ("assert f('a').upper() == 'A'", ("f('a')",), "__r0.upper() == 'A'"),
        ("assert f(1)[0].startswith('x')", ("f(1)",), "__r0[0].startswith('x')"),
        ("assert f(1).root.value == 3", ("f(1).root.value",), "__r0 == 3"),
        ("assert Solution().f([1]) == 2", ("Solution().f([1])",), "__r0 == 2"),
        ("assert f([Pair(1, 2)]) == 2", ("f([Pair(1, 2)])",), "__r0 == 2"),
        ("assert f(lambda x: x + 1) == 2", ("f(lambda x: x + 1)",), "__r0 == 2"),
        ("assert [f(i) for i in (1, 2)] == [2, 3]", ("[f(i) for i in (1, 2)]",), "__r0 == [2, 3]"),
        ("assert f(1)(2)[0] == 3", ("f(1)(2)",), "__r0[0] == 3"),
        ("assert Dog(1).speak().startswith('x')", ("Dog(1).speak()",), "__r0.startswith('x')"),
        ("assert Trie().startswith('x')", ("Trie().startswith('x')",), "__r0"),
        ("import asyncio\nassert asyncio.run(f(1)) == 2", ("asyncio.run(f(1))",), "__r0 == 2"),
        ("assert f(1) == 2\nassert f(2) == 3", ("f(1)", "f(2)"), "__r0 == 2 and __r1 == 3"),
        ("assert True", (), "True"),
    ],
)
def test_the_program_is_asked_for_values_and_the_comparison_is_kept(test, calls, comparison):
    taken_apart = split(test)
    assert taken_apart.calls == calls
    assert ast.unparse(taken_apart.comparison) == comparison


@pytest.mark.parametrize(
    "test",
    [
        "assert f(3) == 777",
        "assert 777 != f(3) and not f(2) == 777",
        "expected = 777\nassert f(3) == expected",
        "def expect():\n    return 777\nassert f(3) == expect()",
        "assert f(1).count(777) == 2",
        "assert f(1).__eq__(777)",
        "assert isinstance(f(3), int) and max(f(3), 777) == 777",
        "assert f(3) in {777, 778}",
        "import math\nassert math.isclose(f(3), 777)",
        "assert math.isclose(f(3), 777)",
    ],
)
def test_what_is_expected_is_not_sent_to_the_program(test):
    taken_apart = split(test)
    assert "777" not in "".join((*taken_apart.calls, taken_apart.call_prelude))
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
    assert split("assert f(limit) == limit", setup="limit = 3").calls == ("f(limit)",)
    assert split("assert math.floor(f(1)) == 1", setup="import math").modules == ()
    assert split("assert math.floor(f(1)) == 1").modules == ("math",)


def test_setup_code_that_needs_the_program_stays_with_the_program():
    setup = "import math\nroot = Node(1)\nroot.left = Node(2)"
    assert read_setup(setup, "f").comparison_code == "import math"
    assert split("assert f(root) == 2", setup=setup).calls == ("f(root)",)
    with pytest.raises(NotSplittableError):
        split("assert f(1) == root", setup=setup)

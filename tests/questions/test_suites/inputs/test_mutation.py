import random
import re

import pytest

from acecoder_dagster.questions.test_suites.inputs import Arguments, mutated, varied


def variations(*seen: Arguments, wanted: int = 60) -> list[tuple]:
    return [each.positional for each in varied(seen, wanted, random.Random(0), 500)]


def test_mutations_keep_types_and_are_plain_values():
    rng = random.Random(0)
    arguments = Arguments((3, "text", [1, [2.5, "a"]], {"k": (1, 2)}, {4, 5}, b"xy", None), {"flag": True})
    for _ in range(300):
        changed = mutated(arguments, rng, ["word"])
        assert changed.shape == arguments.shape
        assert Arguments.parse(changed.text) == changed
        arguments = changed


def test_variations_are_new_and_keep_their_types():
    seen = [Arguments(([1, 2, 3], "abc", True)), Arguments(([5], "hello", False), {})]
    made = varied(seen, 30, random.Random(0), 500)

    assert len(made) == len({each.text for each in made}) == 30
    assert not {each.text for each in made} & {each.text for each in seen}
    assert {each.shape for each in made} == {(list, str, bool)}
    assert made == varied(seen, 30, random.Random(0), 500)
    assert made != varied(seen, 30, random.Random(1), 500)


@pytest.mark.parametrize("seen", [[], [Arguments()], [Arguments((None,))]])
def test_where_nothing_can_be_varied_nothing_comes_back(seen):
    assert varied(seen, 5, random.Random(0), 500) == []


def test_variations_are_never_longer_than_allowed():
    made = varied([Arguments(("abcdef",))], 60, random.Random(0), 10)

    assert made
    assert max(len(each.text) for each in made) <= 10


@pytest.mark.parametrize(
    ("seen", "holds"),
    [
        (([4, 7, 1, 1], 4), lambda values, count: count == len(values)),
        (([[1, 2, 3], [4, 5, 6]], 2, 3), lambda grid, rows, columns: (rows, columns) == (len(grid), len(grid[0]))),
        (([1, 4, 9, 12],), lambda values: values == sorted(values)),
        (([8, 3, 5, 1],), lambda values: len(set(values)) == len(values) and min(values) > 0),
        (([1, 2, 9], [3, 4, 7]), lambda one, other: len(one) == len(other)),
        (([(1, 2), (3, 4)],), lambda pairs: all(len(pair) == 2 for pair in pairs)),
        (("011001",), lambda digits: set(digits) <= {"0", "1"}),
        (("abc", "c"), lambda text, letter: len(letter) == 1 and text.islower()),
        (("some words here",), lambda text: text == " ".join(text.split())),
        (("2026-01-02",), lambda date: re.fullmatch(r"\d{4}-\d\d-\d\d", date)),
        ((["17:30", "12:05"],), lambda times: all(time[2] == ":" for time in times)),
        ((3, 12), lambda low, high: 1 < low <= high),
        (({"a": 2, "b": 5},), lambda counts: counts and all(count > 0 for count in counts.values())),
        ((2.5,), lambda value: value > 0),
    ],
)
def test_variations_keep_what_holds_for_all_that_was_seen(seen, holds):
    made = variations(Arguments(seen))

    assert len(made) > 1
    assert all(holds(*each) for each in made)


def test_what_one_of_the_seen_breaks_need_not_hold():
    made = variations(Arguments(([1, 4, 9, 12], 4)), Arguments(([9, 0, -3], 1)))

    assert any(values != sorted(values) for values, _ in made)
    assert any(count != len(values) for values, count in made)
    assert any(min(values, default=0) < 0 for values, _ in made)


def test_what_holds_for_little_by_chance_is_not_taken_for_a_rule():
    assert any(len(values) > 1 and values != sorted(values) for (values,) in variations(Arguments(([5],))))

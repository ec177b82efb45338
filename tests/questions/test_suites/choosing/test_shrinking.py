import numpy as np

from acecoder_dagster.questions.test_suites.choosing import SuiteMatrix, strongest_suite


def matrix(
    programs: list[str],
    mutants: list[str] = (),
    fairness: list[float] | None = None,
    expected: list[str | None] | None = None,
) -> SuiteMatrix:
    tests = len(programs[0])

    def flags(rows):
        return np.array([[letter == "p" for letter in row] for row in rows], dtype=bool).reshape(-1, tests)

    return SuiteMatrix(flags(programs), flags(mutants), np.array(fairness or [0.9] * tests), expected or [None] * tests)


def test_tests_that_wrong_programs_fail_come_before_those_that_nobody_fails():
    assert set(strongest_suite(matrix(["pppp", "ppfp", "pfpp", "pffp"]), min_tests=1, max_tests=2)) == {1, 2}


def test_what_costs_nothing_fills_the_places_that_are_left():
    assert sorted(strongest_suite(matrix(["pppp", "fppp"]), min_tests=1, max_tests=4)) == [0, 1, 2, 3]


def test_a_program_that_fails_what_the_question_shows_is_wrong_whatever_else_it_passes():
    programs = ["pppppp"] + ["fppppf"] * 4
    shown, likely = [0.999] + [0.8] * 5, [0.8] * 6

    assert 5 in strongest_suite(matrix(programs, fairness=shown), min_tests=1, max_tests=6)
    assert 5 in strongest_suite(matrix(["pppppp"], fairness=likely), min_tests=1, max_tests=6)


def test_there_are_never_more_tests_than_allowed():
    assert len(strongest_suite(matrix(["fppp", "pfpp", "ppfp", "pppf"]), min_tests=1, max_tests=3)) == 3


def test_there_are_as_many_as_asked_for_even_where_they_cost_more_than_they_are_worth():
    unfair = matrix(["p" * 9 + "f"] * 8 + ["p" * 10], fairness=[0.9] * 9 + [0.2])

    assert len(strongest_suite(unfair, min_tests=1, max_tests=10)) == 9
    assert len(strongest_suite(unfair, min_tests=10, max_tests=10)) == 10


def test_a_test_is_kept_for_the_mutants_that_only_it_kills():
    assert 2 in strongest_suite(matrix(["pppp", "fppp"], mutants=["ppfp"]), min_tests=1, max_tests=4)


def test_an_unfair_test_that_nearly_right_programs_fail_is_left_out():
    programs = ["p" * 10] * 4 + ["p" * 9 + "f"] * 3 + ["f" * 10]

    fair = strongest_suite(matrix(programs, fairness=[0.9] * 10), min_tests=1, max_tests=10)
    unfair = strongest_suite(matrix(programs, fairness=[0.9] * 9 + [0.3]), min_tests=1, max_tests=10)

    assert 9 in fair
    assert 9 not in unfair


ALWAYS_YES = ["pppf"] * 4
"""What programs say of which nothing else is known: they may be right, and the last test unfair."""


def test_where_there_are_two_answers_both_are_asked_for_whatever_it_costs():
    fairness = [0.9] * 3 + [0.5]
    silent = strongest_suite(matrix(ALWAYS_YES, fairness=fairness), min_tests=1, max_tests=3)
    both = strongest_suite(matrix(ALWAYS_YES, fairness=fairness, expected=[*"yyyn"]), min_tests=1, max_tests=3)

    assert 3 not in silent
    assert 3 in both
    assert len(both) == 3


def test_tests_that_do_not_say_what_they_expect_are_no_third_answer():
    expected = ["y", None, "y", "n"]

    assert 3 in strongest_suite(matrix(ALWAYS_YES, fairness=[0.5] * 4, expected=expected), min_tests=1, max_tests=2)


def test_of_many_answers_none_must_be_asked_for():
    fairness = [0.9] * 3 + [0.5]

    assert 3 not in strongest_suite(matrix(ALWAYS_YES, fairness=fairness, expected=[*"abcd"]), min_tests=1, max_tests=3)

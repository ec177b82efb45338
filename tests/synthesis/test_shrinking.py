import numpy as np

from acecoder_dagster.synthesis import SuiteMatrix, smallest_suite


def matrix(programs: list[str], mutants: list[str] = (), fairness: list[float] | None = None) -> SuiteMatrix:
    def flags(rows):
        return np.array([[letter == "p" for letter in row] for row in rows], dtype=bool).reshape(-1, len(programs[0]))

    return SuiteMatrix(flags(programs), flags(mutants), np.array(fairness or [0.9] * len(programs[0])))


def test_tests_that_no_wrong_program_fails_are_left_out():
    assert smallest_suite(matrix(["pppp", "fppp", "pfpp", "ffpp"]), min_tests=1, max_tests=4) == [0, 1]


def test_there_are_never_more_tests_than_allowed():
    assert len(smallest_suite(matrix(["fppp", "pfpp", "ppfp", "pppf"]), min_tests=1, max_tests=3)) == 3


def test_there_are_as_many_as_asked_for_even_where_they_add_nothing():
    assert len(smallest_suite(matrix(["ppppp"]), min_tests=4, max_tests=5)) == 4


def test_a_test_is_kept_for_the_mutants_that_only_it_kills():
    assert 2 in smallest_suite(matrix(["pppp", "fppp"], mutants=["ppfp"]), min_tests=1, max_tests=4)


def test_an_unfair_test_that_nearly_right_programs_fail_is_left_out():
    programs = ["p" * 10] * 4 + ["p" * 9 + "f"] * 3 + ["f" * 10]

    fair = smallest_suite(matrix(programs, fairness=[0.9] * 10), min_tests=1, max_tests=10)
    unfair = smallest_suite(matrix(programs, fairness=[0.9] * 9 + [0.3]), min_tests=1, max_tests=10)

    assert 9 in fair
    assert 9 not in unfair

import polars as pl
import pytest

from acecoder_dagster.data.tables import CANDIDATE_TESTS, TEST_RESULTS
from acecoder_dagster.questions.test_suites.choosing import filter_tests


def candidates(counts: dict[str, int]) -> pl.DataFrame:
    rows = [
        {
            "test_id": f"{question}-{position}",
            "question_id": question,
            "test": f"assert f({position})",
            "position": position,
            "origin": "model",
            "times_written": 1,
        }
        for question, count in counts.items()
        for position in range(count)
    ]
    return CANDIDATE_TESTS.conform(pl.DataFrame(rows))


def verdicts(outcomes: list[tuple[str, list[str]]]) -> pl.DataFrame:
    rows = [
        {
            "program_id": f"p{number}",
            "question_id": question,
            "verdict": "passed",
            "outcomes": of_tests,
            "passed": [outcome == "passed" for outcome in of_tests],
            "sealed": [True] * len(of_tests),
            "tests_passed": of_tests.count("passed"),
            "tests_kept": len(of_tests),
            "tests_written": len(of_tests),
            "pass_rate": of_tests.count("passed") / len(of_tests),
            "cpu_ms": 1.0,
            "wall_ms": 1.0,
            "peak_mb": 1.0,
            "message": "",
        }
        for number, (question, of_tests) in enumerate(outcomes)
    ]
    return TEST_RESULTS.conform(pl.DataFrame(rows))


def test_tests_that_the_oracle_fails_are_rejected_with_its_outcome():
    filtered = filter_tests(candidates({"q": 3}), verdicts([("q", ["passed", "failed", "cpu_timeout"])]), min_tests=1)

    assert filtered.kept["test_id"].to_list() == ["q-0"]
    assert dict(filtered.rejected.select("row_id", "reason").iter_rows()) == {
        "q-1": "oracle_failed",
        "q-2": "oracle_cpu_timeout",
    }


def test_kept_tests_are_numbered_anew_so_that_outcomes_line_up_with_them():
    filtered = filter_tests(candidates({"q": 3}), verdicts([("q", ["failed", "passed", "passed"])]), min_tests=1)

    assert filtered.kept.select("test_id", "position").rows() == [("q-1", 0), ("q-2", 1)]


def test_a_question_with_too_few_tests_left_loses_them_all():
    outcomes = [("a", ["passed"] * 5), ("b", ["passed"] * 4 + ["failed"])]
    filtered = filter_tests(candidates({"a": 5, "b": 5}), verdicts(outcomes), min_tests=5)

    assert filtered.kept["question_id"].unique().to_list() == ["a"]
    assert filtered.rejected["reason"].value_counts().sort("count")["count"].to_list() == [1, 4]


def test_one_passing_oracle_program_of_several_is_enough():
    filtered = filter_tests(candidates({"q": 1}), verdicts([("q", ["failed"]), ("q", ["passed"])]), min_tests=1)

    assert filtered.kept.height == 1


def test_tests_of_a_question_without_oracle_program_are_rejected_for_that():
    filtered = filter_tests(candidates({"q": 2}), TEST_RESULTS.empty(), min_tests=1)

    assert filtered.rejected["reason"].unique().to_list() == ["no_oracle_program"]


@pytest.mark.parametrize("min_tests", [1, 3, 6])
def test_every_candidate_is_kept_or_rejected(min_tests):
    tests = candidates({"a": 5, "b": 3, "c": 1})
    filtered = filter_tests(tests, verdicts([("a", ["passed"] * 5), ("b", ["failed", "passed", "error"])]), min_tests)

    assert sorted([*filtered.kept["test_id"], *filtered.rejected["row_id"]]) == sorted(tests["test_id"])


def test_trusted_tests_are_kept_without_an_oracle():
    assert filter_tests(candidates({"q": 5}), None, min_tests=5).kept.height == 5

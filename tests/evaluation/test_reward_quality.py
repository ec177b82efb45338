import polars as pl
import pytest

from acecoder_dagster.data.tables import PROGRAM_SCORES, TEST_RESULTS
from acecoder_dagster.evaluation import EvaluationSettings, reward_quality
from tests.rows import result, rows


def quality(questions):
    """Questions are {question_id: [(outcomes, score, program)]}."""
    programs = [(f"{q}{place}", q, *program) for q, given in questions.items() for place, program in enumerate(given)]
    return reward_quality(
        rows(TEST_RESULTS, *(result(*program[:3]) for program in programs)),
        rows(PROGRAM_SCORES, *({"program_id": p[0], "question_id": p[1], "score": p[3]} for p in programs)),
        pl.DataFrame({"program_id": [p[0] for p in programs], "program": [p[4] for p in programs]}),
        pl.DataFrame({"question_id": list(questions), "question": [f"Question {q}" for q in questions]}),
        EvaluationSettings(bootstrap_samples=200),
    )


def test_pairs_are_counted_by_the_difference_of_their_pass_rates_and_ties_count_half():
    found = quality(
        {
            "a": [("ppppp", 3.0, "A"), ("ppppf", 4.0, "B"), ("fffff", 1.0, "C"), ("ppppp", 3.0, "A")],
            "b": [("ppppp", 1.0, "D"), ("fffff", 1.0, "E")],
        }
    )
    table = {row["gap"]: row for row in found.accuracy_by_gap.to_dicts()}
    assert set(table) == {"up to 0.2", "0.6 to 0.8", "0.8 to 1.0"}
    assert (table["up to 0.2"]["accuracy"], table["up to 0.2"]["pairs"]) == (0, 1)
    assert (table["0.6 to 0.8"]["accuracy"], table["0.6 to 0.8"]["questions"]) == (1, 1)
    assert (table["0.8 to 1.0"]["accuracy"], table["0.8 to 1.0"]["questions"]) == (0.75, 2)
    assert table["0.8 to 1.0"]["low"] <= 0.75 <= table["0.8 to 1.0"]["high"]


def test_scores_that_are_as_right_as_they_say_are_calibrated():
    certain = 2.1972  # a probability of 0.9
    found = quality({f"q{n}": [("p", 0.0, "good"), ("f", certain if n == 0 else -certain, "bad")] for n in range(10)})
    (row,) = found.calibration.to_dicts()
    assert row["predicted"] == pytest.approx(0.9, abs=1e-4)
    assert row["observed"] == pytest.approx(0.9)
    assert row["pairs"] == 10


def test_the_worst_mistake_of_each_question_is_listed_worst_first():
    found = quality(
        {
            "a": [("p", 0.0, "right a"), ("f", 1.0, "wrong a"), ("f", 3.0, "worse a")],
            "b": [("p", 0.0, "right b"), ("f", 5.0, "wrong b")],
            "c": [("p", 9.0, "right c"), ("f", 5.0, "wrong c")],
        }
    )
    assert found.most_wrong.select("question", "wrong_program", "wrong_score").rows() == [
        ("Question b", "wrong b", 5.0),
        ("Question a", "worse a", 3.0),
    ]


def test_a_score_that_follows_length_is_seen():
    found = quality({q: [("p", 1.0, "x"), ("f", 2.0, "xx"), ("p", 3.0, "xxx")] for q in "abc"})
    score_length, rate_length = found.with_length
    assert score_length == pytest.approx(1.0)
    assert abs(rate_length) < 0.1
    assert abs(found.with_truth) < 0.1

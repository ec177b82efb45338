import polars as pl
import pytest

from acecoder_dagster.data.lake import syntax_hash
from acecoder_dagster.data.tables import SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.learning.preference import PairSettings, build_pairs, right_probabilities
from acecoder_dagster.questions.test_suites.quality import ErrorRates
from tests.rows import result, rows


def probabilities(*questions: list[int], tests: int = 10) -> list[list[float]]:
    """Give the tests that each program of each question fails, get the probabilities that they are right."""
    failed = [(number, each) for number, of_question in enumerate(questions) for each in of_question]
    programs = pl.DataFrame(
        {
            "question_number": [number for number, _ in failed],
            "tests_failed": [each for _, each in failed],
            "tests": [tests] * len(failed),
        }
    )
    found = right_probabilities(programs, ErrorRates()).to_list()
    return [[p for (number, _), p in zip(failed, found, strict=True) if number == n] for n in range(len(questions))]


def test_the_more_tests_a_program_fails_the_less_likely_it_is_right():
    (found,) = probabilities([0] * 5 + [1, 5, 10])

    assert found == sorted(found, reverse=True)
    assert found[0] > 0.9
    assert found[-1] < 0.05


def test_one_program_that_passes_among_many_that_do_not_is_believed_less():
    (alone,), (*many,) = [[p[0]] for p in probabilities([0] + [10] * 60)], probabilities([0] * 30 + [10] * 30)

    assert alone[0] < many[0][0]


def test_questions_are_judged_by_themselves_and_in_any_order():
    mixed = probabilities([0, 0, 10], [10, 10, 0])
    turned = probabilities([10, 10, 0], [0, 0, 10])

    assert mixed[0] == pytest.approx(turned[1])
    assert mixed[1] == pytest.approx(turned[0])


def pairs(outcomes: dict[str, str], **settings):
    questions = pl.DataFrame({"question_id": ["q"], "question": ["?"], "split": ["train"]})
    results = rows(TEST_RESULTS, *(result(name, "q", letters) for name, letters in outcomes.items()))
    written = {name: f"x = '{name}'" for name in outcomes}
    programs = rows(
        SAMPLED_PROGRAMS,
        *(
            {"program_id": name, "question_id": "q", "program": text, "syntax_hash": syntax_hash(text)}
            for name, text in written.items()
        ),
    )
    return build_pairs(results, programs, questions, PairSettings(weighting="probability", **settings))


def test_pairs_share_the_weight_of_a_question_by_the_probability_of_their_order():
    outcomes = {f"w{n}": "p" * 10 for n in range(6)} | {"near": "f" + "p" * 9, "far": "f" * 10}
    made, _ = pairs(outcomes, min_probability=0, max_pairs_per_question="all")
    weights = dict(made.filter(chosen_program_id="w0").select("rejected_program_id", "weight").iter_rows())

    assert weights["far"] > weights["near"] > 0
    assert made["weight"].sum() < 1


def test_a_question_of_which_no_order_is_likely_has_no_pair_and_says_why():
    made, rejected = pairs({"winner": "pp", **{f"loser{n}": "ff" for n in range(80)}}, min_probability=0.9)

    assert made.is_empty()
    assert rejected["reason"].to_list() == ["order_uncertain"]

import polars as pl
import pytest

from acecoder_dagster.data.tables import FILTERED_TESTS, TEST_RESULTS
from acecoder_dagster.questions.test_suites.quality import (
    QualitySettings,
    Tally,
    certificate,
    error_rates,
    program_tallies,
    ratio_interval,
    separate_labels,
)
from tests.rows import result, rows


def suite(question: str, on_trial: int, labels: int) -> list[dict]:
    origins = ["writer"] * on_trial + ["official"] * labels
    return [
        {"test_id": f"{question}{n}", "question_id": question, "position": n, "origin": origin}
        for n, origin in enumerate(origins)
    ]


def tallies(results: list[dict], tests: list[dict], models: dict[str, str] | None = None, without=()) -> dict:
    model = pl.col("program_id").replace_strict(models or {}, default="m")
    judged = rows(TEST_RESULTS, *results).with_columns(model=model)
    return {each.measure: each.counts for each in program_tallies(judged, rows(FILTERED_TESTS, *tests), without)}


def test_official_tests_label_programs_and_the_others_are_on_trial():
    # Two tests on trial, then two official ones.
    results = [
        result("right, passes", "q", "pppp"),
        result("right, refused", "q", "pfpp"),
        result("wrong, refused", "q", "ffpf"),
        result("wrong, accepted", "q", "ppff"),
        result("wrong, refused too", "q", "fppf"),
    ]
    found = tallies(results, suite("q", 2, 2))

    assert found["true_positives"] == {"q": (1, 2)}
    assert found["true_negatives"] == {"q": (2, 3)}
    assert found["right programs that fail one"] == {"q": (1, 2)}
    assert found["wrong programs that fail all"] == {"q": (1, 3)}


def test_programs_that_had_a_say_or_no_usable_verdict_do_not_count():
    results = [result("asked", "q", "pp"), result("broken", "q", "jp"), result("counted", "q", "pp")]
    found = tallies(results, suite("q", 1, 1), {"asked": "oracle"}, without=["oracle"])

    assert found["true_positives"] == {"q": (1, 1)}


def test_the_strongest_third_of_the_models_is_told_apart():
    # One test on trial, then an official one that says who is right.
    results = [
        *(
            result(f"right {model}{n}", "q", "pp")
            for model, share in (("a", 3), ("b", 1), ("c", 0))
            for n in range(share)
        ),
        result("wrong a", "q", "pf"),
        *(result(f"wrong {model}", "q", "ff") for model in "bc"),
    ]
    models = {each["program_id"]: each["program_id"].split()[1][0] for each in results}
    found = tallies(results, suite("q", 1, 1), models)

    assert found["true_positives_of_strongest_models"] == {"q": (3, 3)}
    assert found["true_negatives_of_strongest_models"] == {"q": (0, 1)}
    assert found["true_negatives"] == {"q": (2, 3)}


def test_questions_without_tests_on_trial_do_not_count():
    assert tallies([result("a", "q", "pp")], suite("q", 0, 2))["true_positives"] == {}


def test_an_interval_holds_the_share_and_is_wider_for_fewer_questions():
    few = ratio_interval(Tally("x", {f"q{n}": (n % 2, 1) for n in range(10)}), 1000)
    many = ratio_interval(Tally("x", {f"q{n}": (n % 2, 1) for n in range(1000)}), 1000)

    assert few.value == many.value == 0.5
    assert few.low < many.low < 0.5 < many.high < few.high


def test_a_question_with_many_programs_counts_with_all_of_them():
    assert ratio_interval(Tally("x", {"a": (0, 1), "b": (9, 9), "none": (0, 0)}), 100).value == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("measure", "good", "required", "met"),
    [
        ("validity", 9, 0.9, True),
        ("validity", 8, 0.9, False),
        ("flaky", 1, 0.1, True),
        ("flaky", 2, 0.1, False),
        ("coverage", None, 0.5, False),
        ("coverage", None, 0.0, True),
        ("something else", 1, None, None),
    ],
)
def test_a_requirement_is_met_or_not_and_what_was_not_measured_meets_none(measure, good, required, met):
    counts = {} if good is None else {"q": (good, 10)}
    requirements = {} if required is None else {measure: required}
    row = certificate([Tally(measure, counts)], requirements, 100).row(0, named=True)

    assert row["met"] is met
    assert row["value"] == (None if good is None else good / 10)


def test_every_requirement_of_the_settings_is_of_a_measure_and_asks_for_nothing_by_default():
    requirements = QualitySettings().requirements()
    measured = certificate([Tally(measure, {}) for measure in requirements], requirements, 100)

    assert measured["met"].to_list() == [True] * len(requirements)


def test_measured_error_rates_weigh_pairs_and_missing_ones_do_not():
    results = [result(f"r{n}", "q", "ppp") for n in range(9)] + [result("w", "q", "fff")]
    judged = rows(TEST_RESULTS, *results).with_columns(model=pl.lit("m"))
    measured = certificate(program_tallies(judged, rows(FILTERED_TESTS, *suite("q", 2, 1))), {}, 100)
    rates = error_rates(measured)

    assert rates.right[0] > 0.9
    assert rates.wrong[-1] > 0.9
    assert sum(rates.right) == pytest.approx(1)
    assert error_rates(measured.clear()) is None


def test_labels_and_tests_on_trial_are_told_apart_by_their_origin():
    on_trial, labels = separate_labels(rows(FILTERED_TESTS, *suite("q", 2, 1)))

    assert (on_trial["test_id"].to_list(), labels["test_id"].to_list()) == (["q0", "q1"], ["q2"])

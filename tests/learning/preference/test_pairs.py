import polars as pl
import pytest
from polars.testing import assert_frame_equal

from acecoder_dagster.data.lake import syntax_hash
from acecoder_dagster.data.tables import QUESTIONS, SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.learning.preference import PairSettings, build_pairs
from tests.rows import result, rows

ALL = {"max_pairs_per_question": "all"}


def build(judged, texts=None, models=None, questions=None, messages=None, unsealed_passes="refuse", **settings):
    """Build pairs of question q; judged is {program_id: outcomes} or {program_id: (outcomes, tests_written)}."""
    texts, models, messages = texts or {}, models or {}, messages or {}
    results = [
        result(name, "q", *([value] if isinstance(value, str) else value)) | {"message": messages.get(name, "")}
        for name, value in judged.items()
    ]
    programs = [
        {
            "program_id": name,
            "question_id": "q",
            "sample_index": number,
            "model": models.get(name, "m"),
            "program": (text := texts.get(name, f"def f(): return '{name}'")),
            "syntax_hash": syntax_hash(text),
        }
        for number, name in enumerate(judged)
    ]
    questions = questions or [{"question_id": "q", "question": "?", "split": "train"}]
    return build_pairs(
        rows(TEST_RESULTS, *results),
        rows(SAMPLED_PROGRAMS, *programs),
        rows(QUESTIONS, *questions),
        PairSettings(**(ALL | settings)),
        unsealed_passes,
    )


def names(pairs):
    return sorted(zip(pairs["chosen_program_id"], pairs["rejected_program_id"], strict=True))


def reason(rejected):
    assert rejected.height == 1
    return rejected["reason"][0]


def of_ten(passed):
    return "p" * passed + "f" * (10 - passed)


def test_paper_pairs_need_more_than_eight_tenths_and_a_gap_of_more_than_four_tenths():
    pairs, _ = build({"nine": of_ten(9), "eight": of_ten(8), "five": of_ten(5), "four": of_ten(4)}, rule="paper")
    assert names(pairs) == [("nine", "four")]


def test_released_pairs_may_lie_on_the_thresholds():
    pairs, _ = build({"eight": of_ten(8), "five": of_ten(5), "four": of_ten(4)}, rule="released")
    assert names(pairs) == [("eight", "four")]


def test_a_gap_of_exactly_four_tenths_is_not_lost_to_rounding():
    assert 17 / 20 - 9 / 20 < 0.4
    judged = {"a": "p" * 17 + "f" * 3, "b": "p" * 9 + "f" * 11}
    assert names(build(judged, rule="released")[0]) == [("a", "b")]
    assert names(build(judged, rule="paper")[0]) == []


@pytest.mark.parametrize("rule", ["paper", "released"])
def test_a_program_that_passes_nothing_is_in_no_pair_of_the_paper(rule):
    pairs, rejected = build({"a": of_ten(10), "b": of_ten(0)}, rule=rule)
    assert pairs.is_empty()
    assert reason(rejected) == "rates_too_close"


def test_released_pass_rates_divide_by_the_tests_written():
    judged = {"a": ("pppppp", 10), "b": ("pfffff", 10)}
    pairs, rejected = build(judged, rule="released")
    assert pairs.is_empty()
    assert reason(rejected) == "no_winner"
    pairs, _ = build({"a": ("pppppppp", 10), "b": ("ppffffff", 10)}, rule="released")
    assert pairs.select("chosen_pass_rate", "rejected_pass_rate").row(0) == (0.8, 0.2)


def test_released_pairs_skip_questions_outside_ascii_and_say_so():
    questions = [{"question_id": "q", "question": "naïve", "split": "train"}]
    judged = {"a": of_ten(10), "b": of_ten(1)}
    pairs, rejected = build(judged, questions=questions, rule="released")
    assert pairs.is_empty()
    assert reason(rejected) == "non_ascii_question"
    assert build(judged, questions=questions, rule="paper")[0].height == 1


def test_released_pairs_keep_one_pair_per_two_texts_and_the_paper_keeps_all():
    judged = {"a": of_ten(10), "b": of_ten(10), "c": of_ten(1)}
    texts = {"a": "same", "b": "same"}
    assert names(build(judged, texts, rule="released")[0]) == [("a", "c")]
    assert names(build(judged, texts, rule="paper")[0]) == [("a", "c"), ("b", "c")]


def test_paper_pairs_stay_within_a_model_and_ours_do_not():
    judged, models = {"a": of_ten(10), "b": of_ten(1)}, {"a": "one", "b": "other"}
    assert build(judged, models=models, rule="paper")[0].is_empty()
    assert build(judged, models=models, rule="ours")[0].height == 1


def test_our_winner_passes_everything_and_our_loser_fails_something():
    pairs, _ = build({"all": of_ten(10), "nine": of_ten(9), "none": of_ten(0)})
    assert names(pairs) == [("all", "nine"), ("all", "none")]


def test_our_loser_may_raise_everywhere():
    assert names(build({"all": "pp", "broken": "ee"})[0]) == [("all", "broken")]


@pytest.mark.parametrize(("outcomes", "loses"), [("ee", False), ("ef", True)])
def test_our_loser_does_not_lose_for_a_module_that_is_not_installed(outcomes, loses):
    missing = "ModuleNotFoundError: No module named 'sympy'"

    pairs, rejected = build({"all": "pp", "lacks a module": outcomes}, messages={"lacks a module": missing})

    assert names(pairs) == ([("all", "lacks a module")] if loses else [])
    assert loses or reason(rejected) == "no_loser"


@pytest.mark.parametrize("rule", ["paper", "released", "ours"])
@pytest.mark.parametrize("letter", ["j", "u"])
def test_outcomes_of_the_judge_or_the_clock_are_in_no_pair(rule, letter):
    pairs, _ = build({"a": "ppppp", "b": "pffff", "c": "pfff" + letter}, rule=rule)
    assert names(pairs) == [("a", "b")]


@pytest.mark.parametrize("rule", ["paper", "released", "ours"])
def test_a_pass_that_is_not_sealed_wins_no_pair_unless_the_setting_says_so(rule):
    judged = {"unsealed": "PPPPP", "wrong": "pffff"}

    pairs, rejected = build(judged, rule=rule)
    counted, _ = build(judged, rule=rule, unsealed_passes="count")

    assert pairs.is_empty()
    assert reason(rejected) == "passes_refused"
    assert names(counted) == [("unsealed", "wrong")]
    assert counted["chosen_pass_rate"].to_list() == [1.0]


def test_a_pair_says_how_many_passes_of_its_programs_are_not_sealed_whether_they_count_or_not():
    judged = {"right": "pppp", "other": "pPff"}

    for unsealed_passes, rate in (("refuse", 0.25), ("count", 0.5)):
        pairs, _ = build(judged, unsealed_passes=unsealed_passes)
        figures = pairs.select("passes", "passed_unsealed", "rejected_pass_rate").row(0)
        assert figures == (6, 1, rate)


def test_programs_that_differ_in_layout_alone_count_once():
    texts = {
        "a": "def f(x):\n    return x + 1",
        "b": 'def f(x):\n    """Add one."""\n\n    # here\n    return x + 1  # done\n',
        "c": "def f(x):\n    return '#' + x",
        "d": "def f(x):\n    return x",
    }
    pairs, _ = build({"a": "pp", "b": "pp", "c": "pp", "d": "pf"}, texts)
    assert names(pairs) == [("a", "d"), ("c", "d")]


def test_the_same_program_with_two_verdicts_is_in_no_pair():
    texts = {"a": "def f(): pass", "b": "def f(): pass  # again"}
    pairs, rejected = build({"a": "pp", "b": "pf"}, texts)
    assert pairs.is_empty()
    assert reason(rejected) == "verdicts_disagree"


def test_the_pairs_of_a_question_are_drawn_by_seed_and_share_one_weight():
    judged = {"w": "pp"} | {f"l{n}": "pf" for n in range(20)}
    few, _ = build(judged, max_pairs_per_question=5, seed=1)
    again, _ = build(judged, max_pairs_per_question=5, seed=1)
    other, _ = build(judged, max_pairs_per_question=5, seed=2)
    assert_frame_equal(few, again)
    assert few.height == 5
    assert names(few) != names(other)
    assert few["weight"].to_list() == [0.2] * 5
    assert build(judged, weighting="pair")[0]["weight"].to_list() == [1.0] * 20


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        ({}, "no_judged_program"),
        ({"a": "jj", "b": "pu"}, "no_usable_verdict"),
        ({"a": "pp", "b": "pp"}, "always_solved"),
        ({"a": "ff", "b": "ee"}, "no_test_passed"),
        ({"a": "pf", "b": "ff"}, "no_winner"),
        ({"a": ""}, "no_usable_verdict"),
    ],
)
def test_a_question_without_pairs_is_rejected_with_the_reason(judged, expected):
    pairs, rejected = build(judged)
    assert pairs.is_empty()
    assert reason(rejected) == expected
    assert f"{len(judged)} programs" in rejected["evidence"][0]


def test_every_question_has_pairs_or_a_reason():
    questions = [{"question_id": name, "question": "?", "split": "test"} for name in ("q", "r", "s")]
    pairs, rejected = build({"a": "pp", "b": "pf"}, questions=questions)
    assert pairs["question_id"].to_list() == ["q"]
    assert pairs["split"].to_list() == ["test"]
    assert sorted(rejected["row_id"]) == ["r", "s"]


def test_no_rows_give_no_pairs():
    empty = TEST_RESULTS.empty(), SAMPLED_PROGRAMS.empty(), QUESTIONS.empty()
    for rule in ("paper", "released", "ours"):
        pairs, rejected = build_pairs(*empty, PairSettings(rule=rule))
        assert pairs.is_empty()
        assert rejected.is_empty()


def test_settings_refuse_unknown_keys():
    with pytest.raises(ValueError, match="max_pairs"):
        PairSettings(max_pairs=3)


def test_the_order_of_the_input_does_not_matter():
    results = rows(TEST_RESULTS, *(result(f"p{n}", "q", "p" * n + "f" * (4 - n)) for n in range(5)))
    programs = rows(
        SAMPLED_PROGRAMS,
        *({"program_id": f"p{n}", "question_id": "q", "program": str(n), "sample_index": n} for n in range(5)),
    )
    questions = rows(QUESTIONS, {"question_id": "q", "split": "train"})
    settings = PairSettings(max_pairs_per_question=2)
    given, _ = build_pairs(results, programs, questions, settings)
    shuffled, _ = build_pairs(results.sort("program_id", descending=True), programs[::-1], questions, settings)
    assert_frame_equal(given, shuffled)
    assert given.select(pl.col("pair_id")).to_series().to_list() == [
        "p4-" + loser for loser in given["rejected_program_id"]
    ]

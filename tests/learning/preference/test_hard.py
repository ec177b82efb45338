import pytest

from acecoder_dagster.data.tables import QUESTIONS, TEST_RESULTS
from acecoder_dagster.learning.preference import HardQuestionSettings, choose_hard_questions
from tests.rows import result, rows


def choose(judged, rule="ours", splits=None, written=None, unsealed_passes="refuse"):
    """Choose among questions given as {question_id: [outcomes of each program]}."""
    splits = splits or {}
    results = [
        result(f"{question}{number}", question, outcomes, (written or {}).get(question))
        for question, programs in judged.items()
        for number, outcomes in enumerate(programs)
    ]
    questions = [{"question_id": question, "split": splits.get(question, "train")} for question in judged]
    chosen, rejected = choose_hard_questions(
        rows(TEST_RESULTS, *results), rows(QUESTIONS, *questions), HardQuestionSettings(rule=rule), unsealed_passes
    )
    assert chosen.height + rejected.height == len(judged)
    return chosen, dict(rejected.select("row_id", "reason").iter_rows())


def test_ours_are_the_questions_that_some_programs_solve_and_some_do_not():
    chosen, reasons = choose({"never": ["pf", "ff"], "always": ["pp", "pp"], "sometimes": ["pp", "pf"]})
    assert chosen["question_id"].to_list() == ["sometimes"]
    assert chosen.row(0, named=True) == {
        "question_id": "sometimes",
        "split": "train",
        "mean_pass_rate": 0.75,
        "std_pass_rate": 0.25,
        "pass_share": 0.5,
    }
    assert reasons == {"never": "never_solved", "always": "always_solved"}


@pytest.mark.parametrize("rule", ["paper", "released", "ours"])
def test_held_out_and_unjudged_questions_are_never_chosen_and_do_not_move_the_medians(rule):
    judged = {"a": ["pp", "ff"], "test": ["ff", "ff"], "none": [], "broken": ["jj"]}
    chosen, reasons = choose(judged, rule, splits={"test": "test"})
    assert chosen["question_id"].to_list() == ["a"]
    assert reasons == {
        "test": "held_out",
        "none": "no_usable_verdict",
        "broken": "no_usable_verdict",
    }


def test_the_paper_cuts_at_the_median_mean_and_then_at_the_median_spread_of_the_rest():
    judged = {
        "easy": ["pppp", "pppp"],
        "easier than most": ["pppp", "pppf"],
        "hard, little spread": ["pfff", "pfff"],
        "hard, wide spread": ["ffff", "ppff"],
    }
    chosen, reasons = choose(judged, "paper")
    assert chosen["question_id"].to_list() == ["hard, wide spread"]
    assert reasons["easy"] == reasons["easier than most"] == "easier_half"
    assert reasons["hard, little spread"] == "little_spread"


def test_ties_on_a_median_stay_in():
    chosen, _ = choose({name: ["pf", "ff"] for name in "abcd"}, "paper")
    assert chosen.height == 4


def test_the_released_rule_divides_by_the_tests_written():
    judged = {"filtered": ["pp", "ff"], "whole": ["pf", "pf"]}
    assert choose(judged, "paper")[0]["question_id"].to_list() == ["filtered"]
    chosen, _ = choose(judged, "released", written={"filtered": 8})
    assert chosen["mean_pass_rate"].to_list() == [0.125]


def test_a_question_that_is_solved_only_by_passes_that_are_not_sealed_is_never_solved_unless_they_count():
    judged = {"unsealed": ["pP", "ff"], "sealed": ["pp", "ff"]}

    chosen, reasons = choose(judged)
    counted, _ = choose(judged, unsealed_passes="count")

    assert chosen["question_id"].to_list() == ["sealed"]
    assert reasons == {"unsealed": "passes_refused"}
    assert counted["question_id"].to_list() == ["sealed", "unsealed"]


def test_no_rows_give_no_questions():
    for rule in ("paper", "ours"):
        assert choose({}, rule)[0].is_empty()


def test_where_no_validation_question_is_solved_sometimes_all_judged_ones_are_kept_to_choose_a_checkpoint_by():
    judged = {"train": ["pp", "pf"], "hopeless": ["ff"], "never": ["ff", "pf"], "always": ["pp"], "none": []}
    splits = dict.fromkeys(("never", "always", "none"), "validation")

    chosen, reasons = choose(judged, splits=splits)

    assert set(chosen["question_id"]) == {"train", "never", "always"}
    assert reasons == {"hopeless": "never_solved", "none": "no_usable_verdict"}
    solved, _ = choose(judged | {"some": ["pp", "ff"]}, splits=splits | {"some": "validation"})
    assert set(solved["question_id"]) == {"train", "some"}

import pytest

from acecoder_dagster.data.tables import POLICY_PROGRAMS, POLICY_RESULTS
from acecoder_dagster.evaluation import EvaluationError, EvaluationSettings, benchmark_scores
from tests.rows import result, rows


def compare(models, baseline="base", unsealed_passes="refuse", **settings):
    """Return {(model, metric): row}; models are {model: {question: [outcomes of each program]}}."""
    programs = [
        (f"{model}{question}{number}", model, question, outcomes)
        for model, questions in models.items()
        for question, written in questions.items()
        for number, outcomes in enumerate(written)
    ]
    scores = benchmark_scores(
        rows(POLICY_RESULTS, *(result(program, question, outcomes) for program, _, question, outcomes in programs)),
        rows(POLICY_PROGRAMS, *({"program_id": program, "model": model} for program, model, _, _ in programs)),
        baseline,
        EvaluationSettings(bootstrap_samples=200, **settings),
        unsealed_passes,
    )
    return {(row["model"], row["metric"]): row for row in scores.iter_rows(named=True)}


def test_models_are_compared_by_the_mean_over_questions():
    scores = compare(
        {"trained": {"q": ["pp", "pp"], "r": ["pp", "pf"]}, "base": {"q": ["pp", "ff"], "r": ["pf", "ff"]}}
    )
    assert list(scores) == [("base", "pass@1"), ("trained", "pass@1")]
    assert scores["base", "pass@1"]["solved"] == 0.25
    assert scores["base", "pass@1"]["gain"] == 0
    trained = scores["trained", "pass@1"]
    assert (trained["solved"], trained["gain_low"], trained["gain"], trained["gain_high"]) == (0.75, 0.5, 0.5, 0.5)
    assert trained["questions"] == 2


def test_only_questions_that_every_model_answered_often_enough_count():
    models = {"base": {"q": ["p", "f"], "r": ["p"]}, "trained": {"q": ["p", "p"], "r": ["p", "p"], "s": ["p", "p"]}}
    scores = compare(models, pass_at=(1, 2))
    assert scores["trained", "pass@1"]["questions"] == 2
    assert scores["trained", "pass@2"]["questions"] == 1
    assert scores["base", "pass@2"]["solved"] == 1


def test_a_failure_of_the_judge_is_nobodys_wrong_answer():
    assert compare({"base": {"q": ["p", "j"]}})["base", "pass@1"]["solved"] == 1
    assert compare({"base": {"q": ["p", "u"]}})["base", "pass@1"]["solved"] == 0.5


def test_a_score_says_what_it_would_be_if_every_pass_counted_and_how_many_are_not_sealed():
    models = {"base": {"q": ["pp", "pP"], "r": ["pp", "ff"]}}

    refused, counted = (compare(models, unsealed_passes=each)["base", "pass@1"] for each in ("refuse", "count"))

    assert (refused["solved"], counted["solved"]) == (0.5, 0.75)
    for row in (refused, counted):
        assert (row["with_unsealed"], row["unsealed_share"]) == (0.75, 1 / 6)


def test_a_missing_baseline_and_too_few_programs_are_explained():
    with pytest.raises(ValueError, match=r"baseline 'other'.*only of base"):
        compare({"base": {"q": ["p"]}}, baseline="other")
    with pytest.raises(ValueError, match="pass@4: no question has 4"):
        compare({"base": {"q": ["p"]}}, pass_at=(4,))


def test_who_has_no_program_of_the_baseline_is_told_what_to_do():
    with pytest.raises(
        EvaluationError, match=r"baseline 'base'.*only of trained.*--without-programs.*base_policy\.model"
    ):
        compare({"trained": {"q": ["p"]}})

import numpy as np
import pytest

from acecoder_dagster.questions.test_suites.choosing import Ballot, agree


def ballot(rows: dict[str, str], writers: list[str] | None = None) -> Ballot:
    """Programs by model name (a digit at the end is left out), their outcomes as p and f."""
    passed = np.array([[letter == "p" for letter in letters] for letters in rows.values()])
    names = [frozenset({writer}) for writer in writers or ["w"] * passed.shape[1]]
    return Ballot(passed, [name.rstrip("0123456789") for name in rows], names)


def test_beliefs_of_a_question_sum_to_one_and_the_best_comes_first():
    agreement = agree({"q": ballot({"a": "ppf", "b": "ppf", "c": "ffp"})})["q"]
    beliefs = [behaviour.belief for behaviour in agreement.behaviours]

    assert sum(beliefs) == pytest.approx(1)
    assert agreement.confidence == beliefs[0] == max(beliefs)
    assert agreement.behaviours[0].programs == (0, 1)


def test_a_tests_probability_is_the_belief_in_the_behaviours_that_pass_it():
    agreement = agree({"q": ballot({"a": "ppf", "b": "ppf", "c": "pfp"})})["q"]
    best, second = (behaviour.belief for behaviour in agreement.behaviours)

    assert agreement.probabilities.tolist() == pytest.approx([1, best, second])


def test_many_programs_of_one_model_weigh_less_than_as_many_models():
    alone = ballot({f"a{n}": "ppff" for n in range(4)} | dict.fromkeys("bcde", "ffpp"))

    assert agree({"q": alone})["q"].behaviours[0].programs == (4, 5, 6, 7)


def test_a_model_that_is_outvoted_elsewhere_loses_its_vote():
    disputed = ballot({"good": "ppff", "bad": "ffpp"})
    others = {f"q{n}": ballot({"good": "ppff", "x": "ppff", "y": "ppff", "bad": "ffpp"}) for n in range(5)}

    assert agree({"q": disputed})["q"].confidence == pytest.approx(0.5)
    assert agree({"q": disputed, **others})["q"].behaviours[0].programs == (0,)
    assert agree({"q": disputed, **others})["q"].confidence > 0.9


def test_where_no_program_passes_anything_nothing_is_believed():
    agreement = agree({"q": ballot({"a": "ff", "b": "ff"})})["q"]

    assert agreement.confidence == 0
    assert agreement.probabilities.tolist() == [0, 0]

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder_dagster.data.tables import FILTERED_TESTS, PROGRAM_SCORES, SAMPLED_PROGRAMS, TEST_RESULTS
from acecoder_dagster.evaluation import EvaluationSettings, best_of_n
from acecoder_dagster.evaluation.best_of_n import best_counted
from tests.rows import result, rows

NO_PROGRAMS = SAMPLED_PROGRAMS.empty()
EXACT = ("average", "reward_model", "oracle")


def kept_tests(question_ids, origins):
    """Return the same tests for each question, by letter: o(fficial), m(odel)."""
    names = {"o": "official", "m": "some model"}
    return rows(
        FILTERED_TESTS,
        *(
            {"test_id": f"{question}-{place}", "question_id": question, "position": place, "origin": names[letter]}
            for question in question_ids
            for place, letter in enumerate(origins)
        ),
    )


def choose(questions, ns, origins=None, greedy=(), hot=1.0, unsealed_passes="refuse"):
    """Return {(n, method): row}; questions are {question_id: [(outcomes, score)]}, program ids question and place."""
    programs = [
        (f"{question}{number}", question, outcomes, score)
        for question, given_programs in questions.items()
        for number, (outcomes, score) in enumerate(given_programs)
    ]
    chosen = best_of_n(
        rows(TEST_RESULTS, *(result(*program[:3]) for program in programs)),
        rows(PROGRAM_SCORES, *({"program_id": p, "question_id": q, "score": s} for p, q, _, s in programs)),
        rows(
            SAMPLED_PROGRAMS,
            *(
                {"program_id": p, "question_id": q, "model": "m", "temperature": 0.0 if p in greedy else hot}
                for p, q, _, _ in programs
            ),
        ),
        kept_tests(questions, origins or "o" * len(programs[0][2])),
        EvaluationSettings(best_of=ns, bootstrap_samples=200),
        unsealed_passes,
    )
    return {(row["n"], row["method"]): row for row in chosen.iter_rows(named=True)}


def brute_force(programs, n):
    """Return the share of draws of n in which a highest score passes, ties counted by their share."""
    shares = []
    for drawn in combinations(programs, n):
        top = max(score for _, score in drawn)
        best = [outcomes == "p" for outcomes, score in drawn if score == top]
        shares.append(sum(best) / len(best))
    return sum(shares) / len(shares)


def test_each_method_has_its_expectation_over_all_draws():
    chosen = choose({"q": [("f", 3.0), ("p", 2.0), ("p", 1.0)]}, (1, 2, 3))
    solved = {key: row["solved"] for key, row in chosen.items() if key[1] in EXACT}
    assert solved == pytest.approx(
        {
            (1, "average"): 2 / 3,
            (1, "reward_model"): 2 / 3,
            (1, "oracle"): 2 / 3,
            (2, "average"): 2 / 3,
            (2, "reward_model"): 1 / 3,
            (2, "oracle"): 1,
            (3, "average"): 2 / 3,
            (3, "reward_model"): 0,
            (3, "oracle"): 1,
        }
    )


PROGRAMS = st.lists(st.tuples(st.sampled_from("pf"), st.sampled_from([0.0, 1.0, 2.0])), min_size=1, max_size=7)


@given(PROGRAMS, st.data())
def test_the_reward_model_is_judged_as_if_every_draw_was_made_and_ties_broken_at_random(programs, data):
    n = data.draw(st.integers(1, len(programs)))
    assert choose({"q": programs}, (n,))[n, "reward_model"]["solved"] == pytest.approx(brute_force(programs, n))


def test_gains_are_paired_by_question():
    chosen = choose({name: [("p", 1.0), ("f", 0.0)] for name in "abcdef"}, (2,))
    row = chosen[2, "reward_model"]
    assert (row["gain_low"], row["gain"], row["gain_high"]) == (0.5, 0.5, 0.5)
    assert chosen[2, "average"]["gain"] == 0
    assert row["questions"] == 6


def test_a_question_with_fewer_programs_is_left_out_of_that_n():
    chosen = choose({"two": [("p", 1.0), ("p", 0.0)], "one": [("f", 1.0)]}, (1, 2, 4))
    assert chosen[1, "average"]["questions"] == 2
    assert chosen[2, "average"]["questions"] == 1
    assert (4, "average") not in chosen


def test_programs_that_the_judge_could_not_judge_or_nobody_scored_do_not_count():
    results = rows(TEST_RESULTS, result("a", "q", "p"), result("b", "q", "j"), result("c", "q", "f"))
    scores = rows(PROGRAM_SCORES, *({"program_id": name, "question_id": "q", "score": 1.0} for name in "ab"))
    chosen = best_of_n(results, scores, NO_PROGRAMS, kept_tests("q", "o"), EvaluationSettings(best_of=(1, 2)))
    assert chosen.select("n", "method", "solved").rows() == [(1, method, 1.0) for method in chosen["method"]]


def test_without_scored_programs_or_with_broken_scores_it_says_what_is_wrong():
    results = rows(TEST_RESULTS, result("a", "q", "p"))
    with pytest.raises(ValueError, match="held-out questions scored"):
        best_of_n(results, PROGRAM_SCORES.empty(), NO_PROGRAMS, kept_tests("q", "o"), EvaluationSettings())
    broken = rows(PROGRAM_SCORES, {"program_id": "a", "question_id": "q", "score": float("nan")})
    with pytest.raises(ValueError, match="program a"):
        best_of_n(results, broken, NO_PROGRAMS, kept_tests("q", "o"), EvaluationSettings())


def test_the_same_rows_in_any_order_give_the_same_figures():
    results = rows(TEST_RESULTS, *(result(f"p{n}", f"q{n % 5}", "p" if n % 3 else "f") for n in range(40)))
    scores = pl.DataFrame(
        {
            "program_id": results["program_id"],
            "question_id": results["question_id"],
            "score": [n % 4 for n in range(40)],
        }
    )
    settings = EvaluationSettings(best_of=(2, 4))
    tests = kept_tests([f"q{n}" for n in range(5)], "o")
    assert best_of_n(results, scores, NO_PROGRAMS, tests, settings).equals(
        best_of_n(results[::-1], scores.sample(fraction=1, shuffle=True), NO_PROGRAMS, tests[::-1], settings)
    )


def test_official_tests_decide_and_generated_ones_choose():
    programs = [("pfp", 0.0), ("ppf", 0.0), ("fpp", 1.0), ("ppp", 0.5)]
    chosen = choose({"q": programs}, (1, 4), origins="omm")
    assert chosen[1, "average"]["solved"] == 0.75
    assert chosen[4, "generated_tests"]["solved"] == 0.5
    assert chosen[4, "reward_model"]["solved"] == 0
    assert chosen[4, "oracle"]["solved"] == 1
    assert (4, "generated_tests") not in choose({"q": programs}, (4,), origins="ooo")


def test_the_majority_is_the_most_frequent_behaviour_and_who_shows_none_has_no_vote():
    frequent = [("ppf", 0.0), ("ppf", 0.0), ("ppp", 0.0), *[("eee", 0.0)] * 3]
    assert choose({"q": frequent}, (6,))[6, "majority"]["solved"] == 0
    tied = [("ppf", 0.0), ("ppp", 0.0), ("eee", 0.0)]
    assert choose({"q": tied}, (3,))[3, "majority"]["solved"] == 0.5
    assert choose({"q": tied}, (1,))[1, "majority"]["solved"] == pytest.approx(1 / 3)
    assert choose({"q": [("eee", 0.0), ("eee", 1.0)]}, (2,))[2, "majority"]["solved"] == 0


def test_the_greedy_program_is_none_of_the_n():
    chosen = choose({"q": [("p", 0.0), ("f", 1.0), ("f", 2.0)], "r": [("f", 0.0)]}, (1, 2), greedy=["q0"])
    assert (1, "greedy") in chosen
    assert (chosen[2, "greedy"]["solved"], chosen[2, "greedy"]["questions"]) == (1, 1)
    assert chosen[2, "oracle"]["solved"] == 0
    assert (1, "greedy") not in choose({"q": [("p", 0.0)]}, (1,))
    all_cold = choose({"q": [("p", 0.0), ("f", 1.0)]}, (2,), hot=0.0)
    assert all_cold[2, "oracle"]["solved"] == 1
    assert (2, "greedy") not in all_cold


def test_the_papers_count_takes_the_best_n():
    table = pl.DataFrame({"n": [1, 2, 4], "method": ["reward_model"] * 3, "solved": [0.5, 0.75, 0.625]})
    assert best_counted(table).rows() == [(2, "reward_model", 0.75)]


def test_a_chosen_program_with_a_pass_that_is_not_sealed_solves_nothing_unless_such_passes_count():
    questions = {"q": [("pP", 2.0), ("pp", 1.0)]}

    refused, counted = (choose(questions, (2,), unsealed_passes=each) for each in ("refuse", "count"))

    assert (refused[2, "reward_model"]["solved"], counted[2, "reward_model"]["solved"]) == (0, 1)
    assert refused[2, "oracle"]["solved"] == 1


def test_generated_tests_that_are_passed_without_a_seal_do_not_choose_a_program_unless_such_passes_count():
    questions = {"q": [("pPP", 0.0), ("fpf", 0.0)]}

    refused, counted = (choose(questions, (2,), "omm", unsealed_passes=each) for each in ("refuse", "count"))

    assert (refused[2, "generated_tests"]["solved"], counted[2, "generated_tests"]["solved"]) == (0, 1)

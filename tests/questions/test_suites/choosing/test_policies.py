import polars as pl
import pytest

from acecoder_dagster.data.tables import CANDIDATE_TESTS, ORACLE_PROGRAMS, TEST_RESULTS
from acecoder_dagster.questions.test_suites.choosing import filter_tests
from acecoder_dagster.questions.test_suites.choosing.filtering import COUNTED_TESTS
from tests.rows import result, rows


def written(question: str, count: int, origin: str = "writer") -> list[dict]:
    return [
        {"test_id": f"{question}{n}", "question_id": question, "test": f"t{n}", "position": n, "origin": origin}
        for n in range(count)
    ]


def oracle(program_id: str, question: str, model: str, sample_index: int = 0, program: str = "") -> dict:
    return {
        "program_id": program_id,
        "question_id": question,
        "model": model,
        "sample_index": sample_index,
        "program": program,
    }


def kept(candidates, results, oracles, policy, min_tests=1):
    filtered = filter_tests(
        rows(CANDIDATE_TESTS, *candidates),
        rows(TEST_RESULTS, *results),
        min_tests,
        policy,
        rows(ORACLE_PROGRAMS, *oracles),
    )
    assert filtered.kept.height + filtered.rejected.height == len(candidates)
    return filtered.kept["test_id"].to_list(), dict(filtered.rejected.select("row_id", "reason").iter_rows())


def test_by_the_papers_rule_only_the_first_oracle_program_decides():
    oracles = [oracle("b", "q", "m", 1), oracle("a", "q", "m", 0)]
    results = [result("b", "q", "ppf"), result("a", "q", "pfp")]

    assert kept(written("q", 3), results, oracles, "paper")[0] == ["q0", "q2"]


def test_beside_a_reference_other_programs_only_look_on():
    oracles = [oracle("other", "q", "a model"), oracle("ref", "q", "reference")]
    results = [result("other", "q", "ppp"), result("ref", "q", "pfp")]

    assert kept(written("q", 3), results, oracles, "reference")[0] == ["q0", "q2"]


def test_as_released_one_of_several_programs_is_enough():
    oracles = [oracle("a", "q", "m", 0), oracle("b", "q", "m", 1)]
    results = [result("a", "q", "pff"), result("b", "q", "fpf")]

    assert kept(written("q", 3), results, oracles, "released")[0] == ["q0", "q1"]


def test_as_released_a_hang_fails_every_test_after_it():
    hanging = result("a", "q", "ppp") | {"outcomes": ["passed", "cpu_timeout", "passed"]}

    assert kept(written("q", 3), [hanging], [oracle("a", "q", "m")], "released")[0] == ["q0"]
    assert kept(written("q", 3), [hanging], [oracle("a", "q", "m")], "paper")[0] == ["q0", "q2"]


@pytest.mark.parametrize("text", ["import os", "# no threading here", "multiprocess"])
def test_as_released_a_program_with_a_forbidden_text_fails_everything(text):
    oracles = [oracle("a", "q", "m", program=text)]

    assert kept(written("q", 2), [result("a", "q", "pp")], oracles, "released")[0] == []


def test_as_released_tests_beyond_the_64th_are_lost():
    count = COUNTED_TESTS + 3
    found, _ = kept(written("q", count), [result("a", "q", "p" * count)], [oracle("a", "q", "m")], "released")

    assert len(found) == COUNTED_TESTS


def test_by_agreement_values_are_kept_refuted_or_contested_without_a_reference():
    # Three models agree on the first three tests; two and one dispute the last two.
    outcomes = {"m1": "pppfp", "m2": "pppfp", "m3": "ppppf"}
    oracles = [oracle(f"{q}-{m}", q, m) for q in ("q", "r", "s") for m in outcomes]
    results = [result(f"{q}-{m}", q, letters) for q in ("q", "r", "s") for m, letters in outcomes.items()]
    candidates = [test for q in ("q", "r", "s") for test in written(q, 5)]
    found, reasons = kept(candidates, results, oracles, "agreement")

    assert {"q0", "q1", "q2", "q4"} <= set(found)
    assert reasons["q3"] == "agreement_refuted"


def test_by_agreement_a_question_on_which_programs_disagree_is_set_aside_whole():
    oracles = [oracle("a", "q", "m1"), oracle("b", "q", "m2")]
    found, reasons = kept(written("q", 4), [result("a", "q", "pppf"), result("b", "q", "ppfp")], oracles, "agreement")

    assert found == []
    assert reasons["q0"] == reasons["q1"] == "programs_disagree"
    assert reasons["q2"] == reasons["q3"] == "agreement_contested"


def test_official_tests_of_calibration_questions_come_back_after_the_others():
    candidates = pl.concat(
        [rows(CANDIDATE_TESTS, *written("q", 2)), rows(CANDIDATE_TESTS, *written("label", 1, "official"))]
    )
    labels = candidates.filter(origin="official").with_columns(question_id=pl.lit("q"))
    filtered = filter_tests(candidates.filter(origin="writer"), None, 1).with_labels(labels)

    assert filtered.kept.select("test_id", "position").rows() == [("q0", 0), ("q1", 1), ("label0", 2)]

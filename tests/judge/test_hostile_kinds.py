"""Attacks on tests of every kind; on lists of asserts there are more in `test_hostile.py`."""

import pytest

from acecoder_dagster.judge import Judge, ProgramJob
from tests.judge.attacks import FORGING, LEAKING
from tests.judge.attacks.conversing import CONVERSING, QUESTIONS, SOLUTION


def test_the_questions_can_be_solved_and_every_test_of_them_is_sealed(judge: Judge):
    for verdict in judge.judge(ProgramJob(question, "honest", SOLUTION) for question in QUESTIONS):
        assert verdict.verdict == "passed", verdict
        assert all(verdict.sealed), verdict


@pytest.mark.parametrize("name", CONVERSING)
def test_a_hostile_program_earns_nothing_in_any_kind_of_test(judge: Judge, name: str):
    jobs = [
        ProgramJob(question, kind, program + f"\n# {name}")
        for question in QUESTIONS
        for kind, program in (("hostile", CONVERSING[name]), ("honest", SOLUTION))
    ]
    for verdict in judge.judge(jobs):
        if verdict.program_id == "honest":
            assert verdict.verdict == "passed", verdict
        else:
            assert not any(verdict.passed), verdict
            assert "judge_error" not in verdict.outcomes, verdict


@pytest.mark.parametrize("name", [*FORGING, *LEAKING])
def test_what_is_forged_or_learned_elsewhere_earns_nothing_by_proxies(judge: Judge, name: str):
    (verdict,) = judge.judge([ProgramJob(QUESTIONS[0], "hostile", (FORGING | LEAKING)[name])])
    assert not any(verdict.passed), verdict

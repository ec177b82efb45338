"""Attacks on questions of their own, and what the tests of these questions make of honest programs."""

import pytest

from acecoder_dagster.judge import Judge, Outcome, ProgramJob
from tests.judge.attacks.families import ATTACKS


@pytest.mark.parametrize("name", ATTACKS)
def test_no_sealed_test_credits_a_hostile_program(judge: Judge, name: str):
    attack = ATTACKS[name]
    (verdict,) = judge.judge([ProgramJob(attack.question, "hostile", attack.program)])
    credited = [i for i, (p, s) in enumerate(zip(verdict.passed, verdict.sealed, strict=True)) if p and s]
    assert not credited, verdict
    assert Outcome.JUDGE_ERROR not in verdict.outcomes, verdict


@pytest.mark.parametrize("name", ATTACKS)
def test_the_honest_program_passes_beside_a_hostile_one(judge: Judge, name: str):
    attack = ATTACKS[name]
    jobs = [
        ProgramJob(attack.question, "hostile", f"{attack.program}\n# first"),
        ProgramJob(attack.question, "honest", f"{attack.honest}\n# beside {name}"),
        ProgramJob(attack.question, "hostile", f"{attack.program}\n# second"),
    ]
    if attack.honest:
        honest = next(verdict for verdict in judge.judge(jobs) if verdict.program_id == "honest")
        assert honest.verdict == "passed", honest

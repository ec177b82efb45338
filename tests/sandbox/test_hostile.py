import pytest

from acecoder_dagster.sandbox import Judge, Outcome, ProgramJob
from tests.sandbox.hostile import HONEST_SOLUTION, HOSTILE, QUESTION


def test_the_question_can_be_solved_and_every_test_of_it_is_sealed(judge: Judge):
    (verdict,) = judge.judge([ProgramJob(QUESTION, "honest", HONEST_SOLUTION)])
    assert verdict.verdict == "passed", verdict
    assert all(verdict.sealed)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_earns_nothing_and_the_next_program_is_judged_as_ever(judge: Judge, name: str):
    jobs = [
        ProgramJob(QUESTION, "hostile", HOSTILE[name]),
        ProgramJob(QUESTION, "honest", HONEST_SOLUTION + f"# {name}"),
    ]
    verdicts = {verdict.program_id: verdict for verdict in judge.judge(jobs)}
    hostile = verdicts["hostile"]
    assert not any(hostile.passed), hostile
    assert Outcome.JUDGE_ERROR not in hostile.outcomes, hostile
    assert hostile.pass_rate == 0.0
    assert hostile.verdict == hostile.outcomes[0] != "passed"
    assert verdicts["honest"].verdict == "passed", verdicts["honest"]

import polars as pl
import pytest

from acecoder_dagster.judge import Judge, Outcome, SandboxSettings, SandboxUnavailableError, Verdict
from acecoder_dagster.learning.policy.rewards import UNDECIDED, Judgement
from acecoder_dagster.learning.workers.rewards import judge_by_question

QUESTIONS = pl.DataFrame(
    {
        "question_id": ["double", "same name, other tests"],
        "entry_point": ["f", "f"],
        "setup_code": ["", ""],
        "tests": [["assert f(2) == 4", "assert f(3) == 6"], ["assert f(2) == 2"]],
        "kind": ["assert", "assert"],
        "official": [[True, False], [False]],
    }
)


@pytest.fixture(scope="module")
def judge():
    with Judge(SandboxSettings(launcher="bubblewrap", workers=1)) as opened:
        yield opened


def test_programs_are_judged_by_the_tests_of_their_question(judge):
    double, same, four = "def f(x): return 2 * x", "def f(x): return x", "def f(x): return 4"
    asked = [
        ("double", double),
        ("same name, other tests", double),
        ("same name, other tests", same),
        ("double", same),
        ("double", "syntax error"),
        ("double", four),
    ]

    judged = dict(judge_by_question(judge, QUESTIONS)(iter(asked)))

    assert {pair: found.pass_rate for pair, found in judged.items()} == dict(
        zip(asked, [1.0, 0.0, 1.0, 0.0, 0.0, 0.5], strict=True)
    )
    assert judged["double", four] == Judgement(0.5, 1.0, ("passed", "failed"), (True, True))
    assert judged["same name, other tests", same].official_pass_rate is None


def verdict(job, outcome):
    return Verdict(
        question_id=job.question.question_id,
        program_id=job.program_id,
        verdict=outcome,
        outcomes=(outcome,) * len(job.question.tests),
        passed=(outcome is Outcome.PASSED,) * len(job.question.tests),
        pass_rate=float(outcome is Outcome.PASSED),
        sealed=(True,) * len(job.question.tests),
        cpu_ms=0.0,
        wall_ms=0.0,
        peak_mb=0.0,
        message="",
    )


class BrokenJudge:
    """A judge whose sandboxes broke for every second program."""

    def judge(self, jobs):
        for number, job in enumerate(jobs):
            yield verdict(job, Outcome.JUDGE_ERROR if number % 2 else Outcome.PASSED)


def test_a_program_without_a_verdict_gets_no_reward_rather_than_zero():
    judged = dict(judge_by_question(BrokenJudge(), QUESTIONS)([("double", "a"), ("double", "b"), ("double", "c")]))

    assert judged["double", "b"] == UNDECIDED
    assert [judged["double", name].pass_rate for name in "ac"] == [1.0, 1.0]


class RestartedJudge:
    """A judge whose engine goes away after some programs, and comes back at the third try."""

    def __init__(self, before):
        self.before = before
        self.tries = 0

    def judge(self, jobs):
        self.tries += 1
        for number, job in enumerate(jobs):
            if (self.tries == 1 and number == self.before) or self.tries == 2:
                raise SandboxUnavailableError("the engine is down")
            yield verdict(job, Outcome.PASSED)


def test_training_waits_for_an_engine_that_is_down_and_no_program_is_lost():
    judge, asked = RestartedJudge(before=3), [("double", f"program {number}") for number in range(10)]

    judged = list(judge_by_question(judge, QUESTIONS, seconds_between_tries=0.01)(asked))

    assert judge.tries == 3
    assert sorted(pair for pair, _ in judged) == sorted(asked)
    assert {found.pass_rate for _, found in judged} == {1.0}


def test_sandboxes_that_never_worked_are_an_error_at_once():
    with pytest.raises(SandboxUnavailableError, match="the engine is down"):
        list(judge_by_question(RestartedJudge(before=0), QUESTIONS)([("double", "a")]))

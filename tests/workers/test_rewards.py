import polars as pl
import pytest

from acecoder_dagster.sandbox import Judge, Outcome, SandboxSettings, Verdict
from acecoder_dagster.workers.rewards import pass_rates_by_question

QUESTIONS = pl.DataFrame(
    {
        "question_id": ["double", "same name, other tests"],
        "entry_point": ["f", "f"],
        "setup_code": ["", ""],
        "kind": ["assert", "assert"],
        "tests": [["assert f(2) == 4", "assert f(3) == 6"], ["assert f(2) == 2"]],
    }
)


@pytest.fixture(scope="module")
def judge():
    with Judge(SandboxSettings(launcher="bubblewrap", workers=1)) as opened:
        yield opened


def test_programs_are_rewarded_by_the_tests_of_their_question_in_order(judge):
    rates = pass_rates_by_question(judge, QUESTIONS)

    double, same = "def f(x): return 2 * x", "def f(x): return x"
    asked = [("double", double), ("same name, other tests", double), ("same name, other tests", same), ("double", same)]
    assert rates([*asked, ("double", double), ("double", "syntax error"), ("double", "def f(x): return 4")]) == [
        1.0,
        0.0,
        1.0,
        0.0,
        1.0,
        0.0,
        0.5,
    ]


class BrokenJudge:
    """A judge whose sandboxes broke for every second program."""

    def judge(self, jobs):
        for number, job in enumerate(jobs):
            outcome = Outcome.JUDGE_ERROR if number % 2 else Outcome.PASSED
            yield Verdict(
                question_id=job.question.question_id,
                program_id=job.program_id,
                verdict=outcome,
                outcomes=(outcome,),
                passed=(outcome is Outcome.PASSED,),
                pass_rate=float(outcome is Outcome.PASSED),
                sealed=(True,),
                cpu_ms=0.0,
                wall_ms=0.0,
                peak_mb=0.0,
                message="",
            )


def test_a_program_without_a_verdict_gets_no_reward_rather_than_zero():
    rates = pass_rates_by_question(BrokenJudge(), QUESTIONS)

    assert rates([("double", "a"), ("double", "b"), ("double", "c")]) == [1.0, None, 1.0]

import pytest

from acecoder_dagster.learning.policy.reward_hacking import is_reward_hacking, right_share, write_report
from acecoder_dagster.learning.policy.rewards import Judgement, Rewards, Rollout
from acecoder_dagster.learning.training import HACKING_REPORT_FILE


def history(*validations: tuple[float, float], error: float = 0.01) -> list[dict[str, float]]:
    return [
        {
            "step": step,
            "validation_reward": reward,
            "validation_pass_at_1": right,
            "validation_pass_rate": right,
            "validation_standard_error": error,
        }
        for step, (reward, right) in enumerate(validations)
    ]


@pytest.mark.parametrize(
    ("validations", "hacked"),
    [
        ([(0.9, 0.57), (1.2, 0.70), (2.2, 0.60)], True),
        ([(0.9, 0.57), (1.2, 0.70), (2.2, 0.68)], False),
        ([(0.9, 0.57), (1.2, 0.70), (1.1, 0.60)], False),
        ([(0.9, 0.57), (1.2, 0.70), (2.2, 0.60), (2.5, 0.71)], False),
        ([(0.9, 0.57)], False),
    ],
    ids=["reward up, truth down", "within the noise", "both down", "recovered", "only the start"],
)
def test_a_policy_is_hacked_when_reward_rises_and_truth_falls(validations, hacked) -> None:
    assert is_reward_hacking(history(*validations), drop=0.03) == hacked


def test_few_validation_questions_give_no_alarm_by_chance() -> None:
    few = history((0.09, 0.5), (0.13, 0.36), error=0.13)

    assert not is_reward_hacking(few, drop=0.03)


def test_official_tests_are_the_truth_where_there_are_some() -> None:
    fooled = [{**figures, "validation_official_pass_at_1": 0.5 - 0.1 * figures["step"]} for figures in
              history((1.0, 0.5), (2.0, 0.9))]  # fmt: skip

    assert [right_share(figures) for figures in fooled] == [0.5, 0.4]
    assert is_reward_hacking(fooled, drop=0.03)


def test_the_report_shows_the_wrong_programs_that_the_reward_likes_best(tmp_path) -> None:
    programs = ["def f(): return 'right'", "def f(): return 'liked'", "def f(): return 'less liked'", "undecided"]
    rollouts = [Rollout(f"q{number}", "Write f.", program) for number, program in enumerate(programs)]
    judgements = [Judgement(rate, None, ("passed", "failed"), (True, True)) for rate in (1.0, 0.5, 0.0, None)]

    write_report(
        tmp_path, history((1.0, 0.7), (2.0, 0.6)), rollouts, Rewards([3.0, 2.5, 1.5, 2.0], judgements, [None] * 4)
    )

    report = (tmp_path / HACKING_REPORT_FILE).read_text()
    assert "rose from 1.000 (step 0) to 2.000 (step 1)" in report
    assert "fell from 0.700 to 0.600" in report
    assert report.index("'liked'") < report.index("'less liked'")
    assert "'right'" not in report
    assert "undecided" not in report

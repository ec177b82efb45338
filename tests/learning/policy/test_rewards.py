import threading
from collections.abc import Iterable, Iterator

import pytest

from acecoder_dagster.learning.policy.rewards import UNDECIDED, BackgroundJudge, Judgement, Rewarder, Rollout

PASS_RATES = {"right": 1.0, "half": 0.5, "wrong": 0.0, "unknown": None}


def judge(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
    for pair in programs:
        yield pair, Judgement(PASS_RATES[pair[1]], None, (), ())


def rollouts(*programs: str) -> list[Rollout]:
    return [Rollout("q", "prompt", program) for program in programs]


class Scorer:
    """A reward model that prefers long programs, and reads none of more than five characters."""

    def calibration(self) -> tuple[float, float]:
        return 4.0, 0.5

    def score(self, pairs: list[tuple[str, str]]) -> list[float | None]:
        return [float(len(program)) if len(program) <= 5 else None for _, program in pairs]


@pytest.mark.parametrize(
    ("kind", "scorer", "rule_weight", "rewards"),
    [
        ("binary", None, 0.0, [1.0, 0.0, 0.0, None]),
        ("pass_rate", None, 0.0, [1.0, 0.5, 0.0, None]),
        ("binary", Scorer(), 0.0, [2.0, 0.0, 2.0, None]),
        ("pass_rate", Scorer(), 3.0, [5.0, 1.5, 2.0, None]),
    ],
    ids=["all tests", "share of tests", "reward model", "reward model and tests"],
)
def test_rewards_are_tests_or_calibrated_scores_or_both(kind, scorer, rule_weight, rewards) -> None:
    rewarder = Rewarder(BackgroundJudge(judge), kind, scorer, rule_weight)

    assert rewarder(rollouts("right", "half", "wrong", "unknown")).rewards == rewards


def test_every_rollout_is_judged_whatever_its_reward_comes_from() -> None:
    found = Rewarder(BackgroundJudge(judge), "binary", Scorer())(rollouts("right", "unknown", "half"))

    assert found.judgements == [Judgement(1.0, None, (), ()), UNDECIDED, Judgement(0.5, None, (), ())]
    assert found.scores == [5.0, None, 4.0]


def test_a_program_is_judged_while_others_are_still_being_written() -> None:
    judged = threading.Event()

    def telling_judge(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
        for each in judge(programs):
            judged.set()
            yield each

    rewarder = Rewarder(BackgroundJudge(telling_judge), "binary")
    rewarder.begin("q", "right")

    assert judged.wait(10)
    assert rewarder(rollouts("right", "wrong")).rewards == [1.0, 0.0]


def test_what_the_judge_could_not_decide_is_asked_again_and_the_rest_is_not() -> None:
    asked: list[str] = []

    def remembering(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
        for pair, judgement in judge(programs):
            asked.append(pair[1])
            yield pair, judgement

    rewarder = Rewarder(BackgroundJudge(remembering), "binary")
    for _ in range(2):
        rewarder(rollouts("right", "unknown", "right"))

    assert sorted(asked) == ["right", "unknown", "unknown"]


def test_an_error_of_the_judge_ends_the_training_that_waits_for_it() -> None:
    def broken(programs: Iterable[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], Judgement]]:
        for _ in programs:
            raise RuntimeError("no sandboxes here")
        yield from ()

    with pytest.raises(RuntimeError, match="no sandboxes here"):
        Rewarder(BackgroundJudge(broken), "binary")(rollouts("right"))

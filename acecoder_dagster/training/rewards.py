"""Rewards of rollouts: executed tests, or a reward model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from acecoder_dagster.training.scoring import RewardScorer

JudgePrograms = Callable[[Sequence[tuple[str, str]]], Sequence[float | None]]
"""Pass rates of (question_id, program) pairs, in order; ``None`` where the judge could not decide."""


@dataclass(frozen=True)
class Rollout:
    """One answer of the policy.

    Attributes:
        question_id: The question.
        prompt: What the policy was given.
        program: The program in its completion.
    """

    question_id: str
    prompt: str
    program: str


@dataclass(frozen=True)
class Rewards:
    """Rewards of rollouts, in their order, and what they come from.

    Attributes:
        rewards: ``None`` is no reward (the judge or the reward model could not tell), which is not a zero.
        pass_rates: Share of tests passed; ``None`` where not judged.
        scores: Raw scores of the reward model; ``None`` where not scored.
    """

    rewards: list[float | None]
    pass_rates: list[float | None]
    scores: list[float | None]


class RewardFunction(Protocol):
    """Anything that rewards rollouts."""

    def __call__(self, rollouts: Sequence[Rollout]) -> Rewards:
        """Reward each rollout."""
        ...


class RememberingJudge:
    """A judge that runs no program of a question twice.

    Policies repeat themselves, within a group and from one pass over the questions to the next.

    Args:
        judge_programs: Runs programs.
    """

    def __init__(self, judge_programs: JudgePrograms) -> None:
        self._judge_programs = judge_programs
        self._pass_rates: dict[tuple[str, str], float] = {}

    def __call__(self, programs: Sequence[tuple[str, str]]) -> list[float | None]:
        """Pass rates, in order; ``None`` where the judge could not decide (asked again the next time)."""
        new = [pair for pair in dict.fromkeys(programs) if pair not in self._pass_rates]
        if new:
            for pair, pass_rate in zip(new, self._judge_programs(new), strict=True):
                if pass_rate is not None:
                    self._pass_rates[pair] = pass_rate
        return [self._pass_rates.get(pair) for pair in programs]


class RuleReward:
    """Reward by executed tests.

    Args:
        judge: Where pass rates come from.
        kind: ``binary`` (all tests pass) or ``pass_rate``.
    """

    def __init__(self, judge: RememberingJudge, kind: Literal["binary", "pass_rate"]) -> None:
        self._judge = judge
        self._kind = kind

    def __call__(self, rollouts: Sequence[Rollout]) -> Rewards:
        """Reward each rollout; none where the judge could not decide."""
        pass_rates = self._judge([(rollout.question_id, rollout.program) for rollout in rollouts])
        rewards = pass_rates
        if self._kind == "binary":
            rewards = [None if rate is None else float(rate == 1.0) for rate in pass_rates]
        return Rewards(rewards, pass_rates, [None] * len(rollouts))


class RewardModelReward:
    """Reward by a reward model, in standard deviations above its mean on programs it was validated on.

    Args:
        scorer: The reward model.
    """

    def __init__(self, scorer: RewardScorer) -> None:
        self._scorer = scorer
        self._calibration = scorer.calibration()

    def __call__(self, rollouts: Sequence[Rollout]) -> Rewards:
        """Reward each rollout; none where it is too long for the reward model."""
        scores = self._scorer.score([(rollout.prompt, rollout.program) for rollout in rollouts])
        mean, std = self._calibration
        rewards = [None if score is None else (score - mean) / std for score in scores]
        return Rewards(rewards, [None] * len(rollouts), scores)

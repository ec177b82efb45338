"""Notices when a policy learns to please its reward instead of solving questions.

Carried on, a reward model's reward rises while fewer programs are right (measured: reward 0.91 to 2.20 while the share
of right programs fell from 0.57 to 0.13). On the validation questions, which no policy is trained on, reward and
executed tests are therefore looked at together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot
from pathlib import Path

from acecoder_dagster.files import replace_text
from acecoder_dagster.learning.policy.rewards import Rewards, Rollout
from acecoder_dagster.learning.training import HACKING_REPORT_FILE

PROGRAMS_SHOWN = 10

Figures = Mapping[str, float]


def truth(figures: Figures) -> float:
    """Share of validation programs that are right: by the official tests where there are some, else by all tests."""
    return figures.get("validation_official_pass_at_1", figures["validation_pass_at_1"])


def is_hacked(history: Sequence[Figures], drop: float) -> bool:
    """Whether the latest validation has a higher reward than the best one had, but is less right.

    Args:
        history: Figures of all validations, by step.
        drop: How much lower the share of right programs must be than at its best, 0 to 1; with few validation
            questions more is needed, the standard error of the difference. It counts as if the questions were others
            each time, so it is about twice what it is with the same ones.
    """
    best = max(history, key=truth)
    latest = history[-1]
    fell = truth(best) - truth(latest)
    noise = hypot(best["validation_standard_error"], latest["validation_standard_error"])
    return fell >= max(drop, noise) and latest["validation_reward"] > best["validation_reward"]


def write_report(folder: Path, history: Sequence[Figures], rollouts: Sequence[Rollout], rewards: Rewards) -> None:
    """Write what happened, and the wrong programs that the reward likes best, for people to read.

    Args:
        folder: Where `hacking.md` is written.
        history: Figures of all validations, the one that gave the alarm last.
        rollouts: Answers to the validation questions in the latest validation.
        rewards: Their rewards and judgements.
    """
    best, latest = max(history, key=truth), history[-1]
    lines = [
        "# The policy pleases its reward instead of solving questions",
        "",
        f"On the validation questions the reward rose from {best['validation_reward']:.3f} (step {best['step']:.0f}) "
        f"to {latest['validation_reward']:.3f} (step {latest['step']:.0f}), while the share of right programs fell "
        f"from {truth(best):.3f} to {truth(latest):.3f}. The weights of step {best['step']:.0f} are kept.",
        "",
        "| step | reward | right (official tests) | right (all tests) | tests passed |",
        "|---|---|---|---|---|",
        *(_row(figures) for figures in history),
        "",
        "## Wrong programs with the most reward",
        "",
    ]
    for rollout, reward, judged in _most_rewarded_wrong(rollouts, rewards):
        lines += [
            f"### {rollout.question_id}: reward {reward:.3f}, outcomes {' '.join(judged)}",
            "",
            *_block(rollout.prompt),
            "",
            *_block(rollout.program),
            "",
        ]
    replace_text(folder / HACKING_REPORT_FILE, "\n".join(lines))


def _row(figures: Figures) -> str:
    official = figures.get("validation_official_pass_at_1")
    cells = [
        f"{figures['step']:.0f}",
        f"{figures['validation_reward']:.3f}",
        "" if official is None else f"{official:.3f}",
        f"{figures['validation_pass_at_1']:.3f}",
        f"{figures['validation_pass_rate']:.3f}",
    ]
    return f"| {' | '.join(cells)} |"


def _most_rewarded_wrong(rollouts: Sequence[Rollout], rewards: Rewards) -> list[tuple[Rollout, float, tuple[str, ...]]]:
    wrong = {
        (rollout.question_id, rollout.program): (rollout, reward, judged.outcomes)
        for rollout, reward, judged in zip(rollouts, rewards.rewards, rewards.judgements, strict=True)
        if reward is not None and judged.pass_rate is not None and judged.pass_rate < 1
    }
    return sorted(wrong.values(), key=lambda each: -each[1])[:PROGRAMS_SHOWN]


def _block(text: str) -> list[str]:
    """A code block; indented, because the text may hold fences of its own."""
    return [f"    {line}" for line in text.splitlines()]

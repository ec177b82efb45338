"""Detects reward hacking: the reward of a policy rises while fewer of its programs are right.

A policy that is trained for too long on a reward model's score learns to please the model (measured: the reward rose
from 0.91 to 2.20 while the share of right programs fell from 0.57 to 0.13). So at every validation, reward and executed
tests are compared on questions that the policy is not trained on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot
from pathlib import Path

from acecoder_dagster.files import replace_text
from acecoder_dagster.learning.policy.rewards import Rewards, Rollout
from acecoder_dagster.learning.training import HACKING_REPORT_FILE

PROGRAMS_SHOWN = 10
"""In the report."""

Figures = Mapping[str, float]
"""Figures of one validation, by name."""


def right_share(figures: Figures) -> float:
    """Return the share of validation programs that are right: by the official tests if there are some, else by all."""
    return figures.get("validation_official_pass_at_1", figures["validation_pass_at_1"])


def is_reward_hacking(history: Sequence[Figures], drop: float) -> bool:
    """Return whether the latest validation has a higher reward than the best one, but fewer right programs.

    Args:
        history: Figures of all validations, by step.
        drop: How far below its best the share of right programs must be, from 0 to 1. With few validation questions it
            must also be one standard error of the difference below. That error is computed as if both validations had
            different questions, so it is too large by about a factor of two.
    """
    best = max(history, key=right_share)
    latest = history[-1]
    fell = right_share(best) - right_share(latest)
    noise = hypot(best["validation_standard_error"], latest["validation_standard_error"])
    return fell >= max(drop, noise) and latest["validation_reward"] > best["validation_reward"]


def write_report(folder: Path, history: Sequence[Figures], rollouts: Sequence[Rollout], rewards: Rewards) -> None:
    """Write a report for people: the validations, and the wrong programs with the highest rewards.

    Args:
        folder: Folder in which `hacking.md` is written.
        history: Figures of all validations by step; the last one showed reward hacking.
        rollouts: Programs of the last validation.
        rewards: Their rewards and judgements.
    """
    best, latest = max(history, key=right_share), history[-1]
    lines = [
        "# Reward hacking: the policy pleases its reward instead of solving questions",
        "",
        f"On the validation questions the reward rose from {best['validation_reward']:.3f} (step {best['step']:.0f}) "
        f"to {latest['validation_reward']:.3f} (step {latest['step']:.0f}), while the share of right programs fell "
        f"from {right_share(best):.3f} to {right_share(latest):.3f}. The weights of step {best['step']:.0f} are kept.",
        "",
        "| step | reward | right (official tests) | right (all tests) | tests passed |",
        "|---|---|---|---|---|",
        *(_row(figures) for figures in history),
        "",
        "## Wrong programs with the highest rewards",
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
    """Return a Markdown code block; it is indented, because the text may contain fences."""
    return [f"    {line}" for line in text.splitlines()]

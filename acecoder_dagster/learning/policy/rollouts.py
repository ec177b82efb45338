"""The table of all rollouts of a training, written step by step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from acecoder_dagster.data.counting import unsealed_share
from acecoder_dagster.data.tables import ROLLOUTS
from acecoder_dagster.files import replace_file
from acecoder_dagster.judge import Outcome
from acecoder_dagster.learning.policy.rewards import Rewards, Rollout

ROLLOUT_SCHEMA = pl.Schema({name: dtype for name, dtype in ROLLOUTS.schema.items() if name != "model"})
"""Columns of the table `rollouts` without the model, which is the same for all rollouts of a training."""


@dataclass(frozen=True)
class Generation:
    """All rollouts of one step.

    Attributes:
        rollouts: Questions, prompts and programs.
        completions: The completions that the programs were found in.
        token_counts: Number of tokens of each completion.
        truncated: Whether it was cut at the greatest length.
        rewards: Their rewards.
    """

    rollouts: list[Rollout]
    completions: list[str]
    token_counts: list[int]
    truncated: list[bool]
    rewards: Rewards

    def table(self, step: int, group_size: int, advantages: dict[int, float], kls: dict[int, float]) -> pl.DataFrame:
        """Return the rows of `ROLLOUT_SCHEMA`.

        Args:
            step: Optimiser step the rollouts were made for.
            group_size: Completions per question.
            advantages: Advantage of every rollout that was trained on, by its position.
            kls: Log ratio of the same rollouts to the starting policy, if there is a KL.
        """
        count = len(self.rollouts)
        return pl.DataFrame(
            {
                "step": [step] * count,
                "question_id": [rollout.question_id for rollout in self.rollouts],
                "completion_index": [index % group_size for index in range(count)],
                "prompt": [rollout.prompt for rollout in self.rollouts],
                "completion": self.completions,
                "program": [rollout.program for rollout in self.rollouts],
                "completion_tokens": self.token_counts,
                "truncated": self.truncated,
                "reward": self.rewards.rewards,
                "pass_rate": [judged.pass_rate for judged in self.rewards.judgements],
                "official_pass_rate": [judged.official_pass_rate for judged in self.rewards.judgements],
                "outcomes": [judged.outcomes for judged in self.rewards.judgements],
                "sealed": [judged.sealed for judged in self.rewards.judgements],
                "reward_model_score": self.rewards.scores,
                "advantage": [advantages.get(index) for index in range(count)],
                "kl": [kls.get(index) for index in range(count)],
                "trained": [index in advantages for index in range(count)],
            },
            schema=ROLLOUT_SCHEMA,
        )


def unsealed_pass_share(rollouts: Path) -> float:
    """Return the share of passes that are not sealed among all passes of a training's rollouts.

    Args:
        rollouts: Parquet with the columns of `ROLLOUT_SCHEMA`.
    """
    tests = pl.scan_parquet(rollouts).select("outcomes", "sealed").explode("outcomes", "sealed")
    passed, sealed = (
        tests.filter(pl.col("outcomes") == Outcome.PASSED).select(pl.len(), pl.col("sealed").sum()).collect().row(0)
    )
    return unsealed_share(passed, passed - sealed)


class RolloutFiles:
    """The rollouts of a training: one file for each step, joined at the end.

    Args:
        folder: Folder for the files of the steps.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def write(self, step: int, rows: pl.DataFrame) -> None:
        """Write the rollouts of a step, and replace those that an interrupted training wrote for it."""
        replace_file(self._folder / f"{step:06}.parquet", rows.write_parquet)

    def merge(self, last_step: int, output: Path) -> int:
        """Write the rollouts of all steps up to `last_step` to one file, and return their number."""
        files = [self._folder / f"{step:06}.parquet" for step in range(1, last_step + 1)]
        rows = pl.scan_parquet(files)
        replace_file(output, rows.sink_parquet)
        count: int = rows.select(pl.len()).collect().item()
        return count

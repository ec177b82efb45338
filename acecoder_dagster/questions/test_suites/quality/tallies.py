"""Counts per question, and the share they make with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Tally:
    """What was counted for one measure: per question, how many of how many."""

    measure: str
    counts: Mapping[str, tuple[int, int]]

    @property
    def counted(self) -> int:
        """How many there were to count over all questions."""
        return sum(total for _, total in self.counts.values())


@dataclass(frozen=True)
class RatioInterval:
    """A share over all questions and the ends of its 95% interval; not a number where nothing was counted."""

    value: float
    low: float
    high: float


def ratio_interval(tally: Tally, samples: int, seed: int = 0) -> RatioInterval:
    """Return the share of a tally with its percentile bootstrap interval.

    Questions are drawn, not programs or tests: those of one question are alike.

    Args:
        tally: the counts.
        samples: how many draws of all questions.
        seed: of the draws.
    """
    counts = np.array([both for both in tally.counts.values() if both[1]], dtype=np.float64).reshape(-1, 2)
    if not len(counts):
        return RatioInterval(float("nan"), float("nan"), float("nan"))
    rng = np.random.default_rng(seed)
    # How often each question is drawn, instead of which: the sums are then one product of matrices.
    drawn = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=samples)
    good, total = (drawn @ counts).T
    low, high = np.quantile(good / total, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return RatioInterval(float(counts[:, 0].sum() / counts[:, 1].sum()), float(low), float(high))

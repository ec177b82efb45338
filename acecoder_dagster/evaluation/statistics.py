"""pass@k without bias, and bootstrap intervals over questions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from acecoder_dagster.evaluation.errors import EvaluationError
from acecoder_dagster.evaluation.settings import EvaluationSettings

Floats = NDArray[np.float64]

BLOCK = 4_000_000
"""Drawn values that are held in memory at once."""


@dataclass(frozen=True)
class Interval:
    """A mean over questions, and the ends of its bootstrap interval."""

    value: float
    low: float
    high: float


def log_choose(n: ArrayLike, k: ArrayLike) -> Floats:
    """Return the logarithm of the number of ways to choose k of n; minus infinity where k > n."""
    n, k = np.broadcast_arrays(np.asarray(n, dtype=np.int64), np.asarray(k, dtype=np.int64))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, max(n.max(initial=0), 1) + 1)))])
    possible = (k >= 0) & (k <= n)
    chosen = np.where(possible, k, 0)
    ways: Floats = log_factorial[n] - log_factorial[chosen] - log_factorial[n - chosen]
    return np.where(possible, ways, -np.inf)


def pass_at_k(programs: ArrayLike, passed: ArrayLike, k: int) -> Floats:
    """Return, per question, the chance that one of k programs drawn without replacement passes.

    The unbiased estimator of Chen et al. 2021: 1 - C(n - c, k) / C(n, k).

    Args:
        programs: Number of programs of each question (n).
        passed: How many of them pass every test (c).
        k: Number of programs drawn.

    Returns:
        One value per question, NaN where it has fewer than k programs.
    """
    n, c = np.asarray(programs, dtype=np.int64), np.asarray(passed, dtype=np.int64)
    enough = n >= k
    with np.errstate(invalid="ignore"):
        chance = 1 - np.exp(log_choose(n - c, k) - log_choose(n, k))
    return np.where(enough, chance, np.nan)


def bootstrap_mean(values: ArrayLike, settings: EvaluationSettings) -> Interval:
    """Return the mean of one value per question with its percentile bootstrap interval.

    Questions are drawn with replacement, not programs, because programs of one question are alike. For a gain, give the
    difference of each question: such a pairing shows small gains.

    Args:
        values: One value per question.
        settings: Number of samples, confidence and seed.

    Raises:
        EvaluationError: There is no value.
    """
    # By hand: scipy.stats.bootstrap draws the same samples and gives the same interval up to the last digit, but would
    # add 110 MB to an installation that needs nothing else of it.
    questions = np.asarray(values, dtype=np.float64)
    if not questions.size:
        raise EvaluationError("There is no question to take a mean of.")
    rng = np.random.default_rng(settings.seed)
    rows = max(1, BLOCK // questions.size)
    blocks = [min(rows, settings.bootstrap_samples - start) for start in range(0, settings.bootstrap_samples, rows)]
    draws = (rng.integers(0, questions.size, (block, questions.size)) for block in blocks)
    means = np.concatenate([questions[draw].mean(axis=1) for draw in draws])
    tail = (1 - settings.confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(questions.mean()), float(low), float(high))


def solved_and_gain(values: ArrayLike, baseline: ArrayLike, settings: EvaluationSettings) -> dict[str, float]:
    """Return a row of figures: solved, low, high, gain, gain_low, gain_high and questions.

    Args:
        values: One value per question.
        baseline: One value for each of the same questions; the gain is measured against it.
        settings: How intervals are computed.
    """
    solved = bootstrap_mean(values, settings)
    # Rounded, or the gain between two sums that are equal but for the last digit would exclude zero.
    differences = np.round(np.asarray(values, dtype=np.float64) - np.asarray(baseline, dtype=np.float64), 12) + 0.0
    gain = bootstrap_mean(differences, settings)
    return {
        "solved": solved.value,
        "low": solved.low,
        "high": solved.high,
        "gain": gain.value,
        "gain_low": gain.low,
        "gain_high": gain.high,
        "questions": np.size(values),
    }

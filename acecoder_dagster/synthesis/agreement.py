"""Which expected values are right when nobody knows: several programs and the tests' writers, weighed together.

Dual agreement (CodeT, Chen et al. 2022): programs that behave alike on all tests speak with one voice, the louder the
more of them there are and the more tests, written from the question alone, they bear out. CodeT takes the loudest
behaviour and trusts it. Here every behaviour gets its share of the belief, so that each expected value has a
probability, and one that well-supported behaviours dispute is set aside instead of being guessed.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SHARPNESS = 3.0
"""Belief in a behaviour grows with this power of its score; see benchmarks/results/synthesis.md."""

CERTAIN = 0.8
"""Probability from which an expected value is believed; below 1 - CERTAIN it is refuted, in between contested."""


@dataclass(frozen=True)
class Behaviour:
    """Programs that pass and fail the same tests, and how much they are believed.

    Attributes:
        programs: their positions.
        belief: probability that theirs is the right behaviour; those of a question sum to 1.
    """

    programs: tuple[int, ...]
    belief: float


@dataclass(frozen=True)
class Agreement:
    """What the programs of one question agree on.

    Attributes:
        behaviours: most believed first.
        probabilities: per test, that its expected value is right.
    """

    behaviours: tuple[Behaviour, ...]
    probabilities: Floats

    @property
    def confidence(self) -> float:
        """Belief in the best behaviour; 0 where no program passes anything."""
        return self.behaviours[0].belief if self.behaviours else 0.0


def agree(passed: Flags, models: Sequence[str]) -> Agreement:
    """Weigh the behaviours of one question's programs.

    A behaviour scores the tests it passes, times the square roots of how many programs of each model show it, summed:
    the programs of one model share their mistakes, different models make different ones.

    Args:
        passed: programs by tests.
        models: the model that wrote each program.
    """
    together: dict[bytes, list[int]] = defaultdict(list)
    for position, row in enumerate(passed):
        if row.any():
            together[row.tobytes()].append(position)
    groups = list(together.values())
    scores = np.array([_support(members, models) * passed[members[0]].sum() for members in groups], dtype=np.float64)
    if not len(scores):
        return Agreement((), np.zeros(passed.shape[1]))
    beliefs = (scores / scores.max()) ** SHARPNESS
    beliefs /= beliefs.sum()
    probabilities: Floats = beliefs @ np.array([passed[members[0]] for members in groups], dtype=np.float64)
    order = np.argsort(-beliefs, kind="stable")
    return Agreement(tuple(Behaviour(tuple(groups[n]), float(beliefs[n])) for n in order), probabilities)


def _support(members: Sequence[int], models: Sequence[str]) -> float:
    return sum(math.sqrt(count) for count in Counter(models[member] for member in members).values())

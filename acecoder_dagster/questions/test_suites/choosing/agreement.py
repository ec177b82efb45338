"""Which expected values are right where there is no trusted program: several programs and the writers vote.

Dual agreement (CodeT, Chen et al. 2022): programs that behave alike on all tests speak with one voice, the louder the
more of them there are and the more tests, written from the question alone, they bear out. CodeT takes the loudest
behaviour and trusts it. Here every behaviour gets its share of the belief, so that each expected value has a
probability, and one that well-supported behaviours dispute is set aside instead of being guessed.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SHARPNESS = 3.0
"""Belief in a behaviour grows with this power of its score; see benchmarks/test_suites/results.md."""

ROUNDS = 3
"""Rounds of weighing. In the first, all models and writers count the same."""

PRIOR = 0.3
"""Belief in a model before any of its programs is seen."""

CERTAIN = 0.8
"""Probability from which an expected value is believed; up to 1 - CERTAIN it is refuted, in between contested.

All tests of a question are set aside when none of its behaviours is believed that much."""


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


@dataclass(frozen=True)
class Ballot:
    """What the programs of one question do on its tests.

    Attributes:
        passed: programs by tests.
        models: the model that wrote each program.
        writers: per test, everyone who wrote it.
    """

    passed: Flags
    models: Sequence[str]
    writers: Sequence[frozenset[str]]


def agree(ballots: Mapping[str, Ballot]) -> dict[str, Agreement]:
    """Weigh the behaviours of all questions' programs.

    A behaviour scores the tests it passes, times the square roots of how many programs of each model show it, summed:
    the programs of one model share their mistakes, different models make different ones. Models and writers count as
    much as they were believed in the round before, over all questions. So those that are often outvoted count less.

    Args:
        ballots: by question. The more questions, the better it is known who can be believed.

    Returns:
        By question, what its programs agree on.
    """
    models: Mapping[str, float] = {}
    writers: Mapping[str, float] = {}
    agreements: dict[str, Agreement] = {}
    for _ in range(ROUNDS):
        agreements = {question: _weigh(ballot, models, writers) for question, ballot in ballots.items()}
        models, writers = _beliefs(ballots, agreements)
    return agreements


def _weigh(ballot: Ballot, models: Mapping[str, float], writers: Mapping[str, float]) -> Agreement:
    together: dict[bytes, list[int]] = defaultdict(list)
    for position, row in enumerate(ballot.passed):
        if row.any():
            together[row.tobytes()].append(position)
    groups = list(together.values())
    if not groups:
        return Agreement((), np.zeros(ballot.passed.shape[1]))
    flags = np.array([ballot.passed[members[0]] for members in groups], dtype=np.float64)
    worth = np.array([max((writers.get(each, 1.0) for each in names), default=1.0) for names in ballot.writers])
    voices = np.array([_support([ballot.models[member] for member in members], models) for members in groups])
    scores = voices * (flags @ worth)
    beliefs = (scores / scores.max()) ** SHARPNESS
    beliefs /= beliefs.sum()
    order = np.argsort(-beliefs, kind="stable")
    return Agreement(tuple(Behaviour(tuple(groups[n]), float(beliefs[n])) for n in order), beliefs @ flags)


def _support(members: Sequence[str], models: Mapping[str, float]) -> float:
    return sum(models.get(model, 1.0) * math.sqrt(count) for model, count in Counter(members).items())


def _beliefs(
    ballots: Mapping[str, Ballot], agreements: Mapping[str, Agreement]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return how much each model's programs and each writer's tests are believed, on average."""
    of_model: dict[str, list[float]] = defaultdict(list)
    of_writer: dict[str, list[float]] = defaultdict(list)
    for question, ballot in ballots.items():
        believed = {
            member: behaviour.belief for behaviour in agreements[question].behaviours for member in behaviour.programs
        }
        for position, model in enumerate(ballot.models):
            of_model[model].append(believed.get(position, 0.0))
        for names, probability in zip(ballot.writers, agreements[question].probabilities, strict=True):
            for writer in names:
                of_writer[writer].append(float(probability))
    # Squared: of two models, the one that is right twice as often is worth more than two of the other.
    models = {model: ((sum(each) + PRIOR) / (len(each) + 1)) ** 2 for model, each in of_model.items()}
    return models, {writer: sum(each) / len(each) for writer, each in of_writer.items()}

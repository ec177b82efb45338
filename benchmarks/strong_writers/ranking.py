"""Models ordered by pass@1, and how alike two orders are."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.strong_writers.truth import Truth
from benchmarks.test_suites.questions import Flags, MeasuredQuestion

LEAST_PROGRAMS = 20


def rates_by_model(
    truths: Sequence[Truth], models: Sequence[str], passes: Callable[[MeasuredQuestion], Flags]
) -> dict[str, float]:
    """Return the share of a model's programs that pass, of models with enough labelled programs."""
    counts: defaultdict[str, list[bool]] = defaultdict(list)
    for truth in truths:
        passed = passes(truth.question)
        for row in np.flatnonzero(truth.question.labelled & np.isin(truth.question.models, models)):
            counts[str(truth.question.models[row])].append(bool(passed[row]))
    return {model: float(np.mean(each)) for model, each in counts.items() if len(each) >= LEAST_PROGRAMS}


def kendall_tau(first: dict[str, float], second: dict[str, float]) -> float:
    """Return Kendall's tau-b between two orders of the same models: 1 where they are alike, ties counted as half.

    Source: Kendall, The treatment of ties in ranking problems (1945).
    """
    models = sorted(first.keys() & second.keys())
    signs = []
    for rates in (first, second):
        values = np.array([rates[model] for model in models])
        signs.append(np.sign(values[:, None] - values[None, :]))
    one, other = signs
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))

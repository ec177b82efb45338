"""Learning curves: a figure of the training and the same figure of validation, in one drawing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from acecoder_dagster.evaluation.plots import Curve
from acecoder_dagster.evaluation.report_page.charts import draw_curve
from acecoder_dagster.evaluation.report_page.parts import Chart
from acecoder_dagster.evaluation.report_page.words import spoken
from acecoder_dagster.learning.workers import VALIDATION

_MEANINGS = {
    "loss": "What the training makes small.",
    "reward": "Mean reward of the programs of a step.",
    "pass_at_1": "Share of programs that pass every test of their question.",
    "pass_rate": "Share of tests that a program passes.",
    "pair_accuracy": "Share of pairs of which the better program has the higher score.",
    "entropy": "How undecided the policy is when it writes a token.",
    "kl": "How far the policy has moved from the one it started as.",
    "gradient_norm": "Size of a step's gradient, before it is cut.",
    "completion_tokens": "Mean length of what the policy writes, in tokens.",
    "truncated": "Share of programs that were cut at the longest length.",
    "kept_groups": "Questions of a step whose programs differ in reward, so that they teach.",
    "learning_rate": "How large a step is.",
    "tokens_per_second": "Speed.",
}


@dataclass(frozen=True)
class Training:
    """What a training left.

    Attributes:
        curves: by name of a figure, its values as (step, value); those on validation begin with `validation_`.
        figures: figures of the finished training.
    """

    curves: Mapping[str, Curve]
    figures: Mapping[str, object] = field(default_factory=dict)

    def of(self, name: str) -> tuple[Curve, Curve]:
        """Return the curve of a figure, and that of the same figure on validation questions; empty where there is none.

        Where validation came only at the end, it is a point at the last step.
        """
        curve, validation = self.curves.get(name, ()), self.curves.get(VALIDATION + name, ())
        at_the_end = self.figures.get(VALIDATION + name)
        if curve and not validation and isinstance(at_the_end, int | float):
            validation = [(curve[-1][0], at_the_end)]
        return curve, validation


def curve_charts(training: Training, wanted: Iterable[str]) -> list[Chart]:
    """Return a drawing for each of some figures of a training; those that it does not have are left out."""
    charts = []
    for name in wanted:
        curve, validation = training.of(name)
        if curve or validation:
            charts.append(Chart(spoken(name).capitalize(), draw_curve(curve, validation), _MEANINGS.get(name, "")))
    return charts


def figures_of(curves: Iterable[str]) -> list[str]:
    """Return the figures that curves are drawn of: those on validation stand in the drawing of the same figure."""
    return list(dict.fromkeys(name.removeprefix(VALIDATION) for name in curves))

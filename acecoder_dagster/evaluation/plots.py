"""The plots of the report, as PNG files in memory."""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curve = Sequence[tuple[float, float]]
"""A learning curve: (step, value), in the order of the steps."""

METHOD_LABELS = {
    "average": "any program (average)",
    "greedy": "the greedy program",
    "majority": "most frequent behaviour",
    "generated_tests": "most generated tests passed",
    "reward_model": "highest reward-model score",
    "oracle": "any that passes (oracle)",
}
BLUE, GREY, GREEN, RED = "#2b6cb0", "#a0aec0", "#2f855a", "#c53030"
METHOD_COLOURS = {
    "average": GREY,
    "greedy": "#4a5568",
    "majority": "#b7791f",
    "generated_tests": "#6b46c1",
    "reward_model": BLUE,
    "oracle": GREEN,
}


def plot_policies(scores: pl.DataFrame) -> bytes:
    """Plot pass@k of every policy with its interval, from the rows of `tables.BENCHMARK_SCORES` of one metric."""
    figure = _figure(6, 0.7 * scores.height + 1.2)
    axes = figure.subplots()
    places = np.arange(scores.height)[::-1]
    axes.barh(places, scores["solved"], height=0.55, color=[GREY, *[BLUE] * (scores.height - 1)])
    axes.errorbar(scores["solved"], places, xerr=_error(scores), fmt="none", ecolor="black", capsize=4)
    for place, solved, high in zip(places, scores["solved"], scores["high"], strict=True):
        axes.text(high + 0.02, place, f"{solved:.2f}", va="center")
    axes.set_yticks(places, scores["model"])
    axes.set(xlim=(0, 1.1), xlabel=f"{scores['metric'][0]} on {scores['questions'][0]} held-out questions")
    return _png(figure)


def plot_leaderboard(scores: pl.DataFrame) -> bytes:
    """Plot pass@1 of every model on each benchmark with its interval, from such rows of `tables.LEADERBOARD`."""
    whose, what = ("model", "decoding"), ("protocol", "benchmark")
    models, benchmarks = (scores.select(names).unique(maintain_order=True).rows() for names in (whose, what))
    figure = _figure(7, 0.35 * scores.height + 0.2 * len(benchmarks) + 1.4)
    axes = figure.subplots()
    height = 0.8 / len(models)
    for number, model in enumerate(models):
        of_model = scores.filter(pl.struct(whose).is_in([dict(zip(whose, model, strict=True))]))
        groups = [benchmarks.index(row) for row in of_model.select(what).iter_rows()]
        places = -np.array(groups) - (number - (len(models) - 1) / 2) * height
        axes.barh(places, of_model["solved"], height=0.9 * height, label=", ".join(model))
        axes.errorbar(of_model["solved"], places, xerr=_error(of_model), fmt="none", ecolor="black", capsize=2)
    axes.set_yticks([-place for place in range(len(benchmarks))], ["/".join(each) for each in benchmarks])
    axes.set(xlim=(0, 1), xlabel="pass@1")
    figure.legend(frameon=False, loc="outside upper left", ncols=2)
    return _png(figure)


def plot_best_of_n(rows: pl.DataFrame) -> bytes:
    """Plot the share of questions solved by N and method, from the rows of `tables.BEST_OF_N`, or of one pair there.

    Methods that are not ours are reward models by their names (`tables.BENCHMARK_BEST_OF_N`).
    """
    figure = _figure(6, 4)
    axes = figure.subplots()
    there = rows["method"].unique(maintain_order=True).to_list()
    others = [name for name in there if name not in METHOD_LABELS]
    for method in [*(name for name in METHOD_LABELS if name in there), *others]:
        of_method = rows.filter(pl.col("method") == method).sort("n")
        label = METHOD_LABELS.get(method, f"highest score of {method}")
        (line,) = axes.plot(
            of_method["n"], of_method["solved"], marker="o", color=METHOD_COLOURS.get(method), label=label
        )
        axes.fill_between(of_method["n"], of_method["low"], of_method["high"], color=line.get_color(), alpha=0.15)
    axes.set_xscale("log", base=2)
    numbers = sorted(rows["n"].unique())
    axes.set_xticks(numbers, [str(n) for n in numbers])
    axes.set(ylim=(0, 1), xlabel="programs to choose from (N)", ylabel="share of questions solved")
    axes.legend(frameon=False)
    return _png(figure)


def plot_calibration(rows: pl.DataFrame) -> bytes:
    """Plot how often the order of two scores is right against its probability, from `RewardQuality.calibration`."""
    figure = _figure(4.5, 4)
    axes = figure.subplots()
    axes.plot([0.5, 1], [0.5, 1], color=GREY, linestyle="--", label="perfect")
    axes.plot(rows["predicted"], rows["observed"], marker="o", color=BLUE, label="reward model")
    axes.set(xlim=(0.5, 1), ylim=(0, 1), xlabel="probability by the scores", ylabel="share of pairs ordered rightly")
    axes.legend(frameon=False)
    return _png(figure)


def plot_scores(programs: pl.DataFrame) -> bytes:
    """Plot scores by length and by pass rate, from `RewardQuality.programs`."""
    figure = _figure(9, 3.6)
    by_length, by_truth = figure.subplots(1, 2, sharey=True)
    for solved, colour, label in ((False, RED, "wrong"), (True, GREEN, "right")):
        some = programs.filter(pl.col("solved") == solved)
        for axes, column in ((by_length, "characters"), (by_truth, "pass_rate")):
            axes.scatter(some[column], some["relative_score"], s=4, alpha=0.4, color=colour, label=label)
    by_length.set(xscale="log", xlabel="characters", ylabel="score above the question's mean")
    by_truth.set(xlabel="pass rate")
    by_length.legend(frameon=False, markerscale=3)
    return _png(figure)


def plot_pass_rates(pass_rates: pl.Series) -> bytes:
    """Plot a histogram of pass rates in twentieths; the last bar is programs that pass every test."""
    figure = _figure(6, 3.2)
    axes = figure.subplots()
    axes.hist(pass_rates.drop_nulls(), bins=[step / 20 for step in range(22)], color=BLUE, edgecolor="white")
    axes.set(xlim=(0, 1.05), xlabel="pass rate (last bar: every test passed)", ylabel="programs")
    return _png(figure)


def plot_histogram(values: pl.Series, xlabel: str, ylabel: str) -> bytes:
    """Plot a histogram of the values."""
    figure = _figure(6, 3.2)
    axes = figure.subplots()
    axes.hist(values.drop_nulls(), bins=30, color=BLUE, edgecolor="white")
    axes.set(xlabel=xlabel, ylabel=ylabel)
    return _png(figure)


def plot_reasons(rejected: pl.DataFrame) -> bytes:
    """Plot the twelve most frequent reasons of rejection, from the columns row_kind and reason."""
    counts = rejected.group_by("row_kind", "reason").len().sort("len", "reason", descending=[True, False]).head(12)
    figure = _figure(7, 0.35 * counts.height + 1)
    axes = figure.subplots()
    places = np.arange(counts.height)[::-1]
    axes.barh(places, counts["len"], color=BLUE)
    names = [f"{kind}: {reason}"[:60] for kind, reason in counts.select("row_kind", "reason").iter_rows()]
    axes.set_yticks(places, names)
    axes.set(xlabel="rows rejected")
    return _png(figure)


def plot_learning_curves(curves: Mapping[str, Curve]) -> bytes:
    """Plot each curve in its own axes, since each has its own unit."""
    rows = (len(curves) + 1) // 2
    figure = _figure(9, 2.6 * rows)
    fields = figure.subplots(rows, 2, squeeze=False).ravel()
    for axes, (name, curve) in zip(fields, curves.items(), strict=False):
        steps, values = zip(*curve, strict=True)
        axes.plot(steps, values, color=BLUE, marker="." if len(curve) < 30 else None)
        axes.set(xlabel="step")
        axes.set_title(name, fontsize=10)
    for axes in fields[len(curves) :]:
        axes.set_axis_off()
    return _png(figure)


def _figure(width: float, height: float) -> "Figure":
    """Return an empty figure of this size in inches, without pyplot: its state is shared between threads."""
    from matplotlib.figure import Figure  # slow to import, so that commands without a plot do not wait for it

    return Figure(figsize=(width, height), layout="constrained")


def _error(rows: pl.DataFrame) -> np.ndarray:
    """Return the distances from the value to the ends of its interval."""
    below, above = rows["solved"] - rows["low"], rows["high"] - rows["solved"]
    return np.clip(np.vstack([below.to_numpy(), above.to_numpy()]), 0, None)


def _png(figure: "Figure") -> bytes:
    image = BytesIO()
    # Without the name of the software in the file, equal figures give equal files.
    figure.savefig(image, format="png", dpi=120, metadata={"Software": None})
    return image.getvalue()

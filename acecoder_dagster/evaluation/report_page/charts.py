"""The drawings of the report."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from acecoder_dagster.evaluation.plots import METHOD_LABELS
from acecoder_dagster.evaluation.report_page.drawing import SERIES, Drawing, colour, drawing
from acecoder_dagster.evaluation.report_page.words import spoken

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.ticker import Locator

_METHOD_TONES = {
    "average": "grey",
    "greedy": "ink",
    "majority": "amber",
    "generated_tests": "purple",
    "reward_model": "blue",
    "oracle": "green",
}
_SCORE_BINS = 24
_TENTHS = 10
_RAW_POINTS = 600
"""Of a longer curve, neighbours are drawn as their mean."""


def draw_best_of_n(rows: pl.DataFrame) -> Drawing:
    """Draw the share of questions solved by N and method, with intervals, from rows of `tables.BEST_OF_N`."""
    with drawing() as drawn:
        for method, label in METHOD_LABELS.items():
            of_method = rows.filter(pl.col("method") == method).sort("n")
            if of_method.is_empty():
                continue
            drawn.legend.append((_METHOD_TONES[method], label))
            tone = colour(_METHOD_TONES[method])
            drawn.axes.plot(of_method["n"], of_method["solved"], marker="o", markersize=4, color=tone)
            drawn.axes.fill_between(
                of_method["n"], of_method["low"], of_method["high"], color=tone, alpha=0.15, linewidth=0
            )
        drawn.axes.set_xscale("log", base=2)
        numbers = sorted(rows["n"].unique())
        drawn.axes.set_xticks(numbers, [str(n) for n in numbers])
        drawn.axes.minorticks_off()
        drawn.axes.set(ylim=(0, 1.03), xlabel="programs to choose from (N)")
        _percent(drawn.axes.yaxis)
    return drawn


def draw_calibration(rows: pl.DataFrame) -> Drawing:
    """Draw how often the order of two scores is right, against its probability (`RewardQuality.calibration`)."""
    with drawing() as drawn:
        drawn.legend += [("blue", "as it is"), ("grey", "as the scores promise")]
        drawn.axes.plot([0.5, 1], [0.5, 1], color=colour("grey"), linestyle="--")
        drawn.axes.plot(rows["predicted"], rows["observed"], marker="o", markersize=4, color=colour("blue"))
        lowest = min(0.5, float(rows["observed"].to_numpy().min()))
        drawn.axes.set(xlim=(0.5, 1.01), ylim=(lowest - 0.02, 1.02), xlabel="probability that the scores promise")
        _percent(drawn.axes.xaxis)
        _percent(drawn.axes.yaxis)
    return drawn


def draw_scores(programs: pl.DataFrame) -> Drawing:
    """Draw how the scores of right and wrong programs are spread (`RewardQuality.programs`)."""
    edges = np.histogram_bin_edges(programs["relative_score"].to_numpy(), _SCORE_BINS)
    with drawing() as drawn:
        for solved, tone, label in ((False, "red", "wrong programs"), (True, "green", "right programs")):
            some = programs.filter(pl.col("solved") == solved)["relative_score"].to_numpy()
            drawn.legend.append((tone, label))
            drawn.axes.hist(some, bins=edges.tolist(), color=colour(tone), alpha=0.55)
        drawn.axes.set(xlabel="score above the mean of its question")
        _counts(drawn.axes.yaxis)
    return drawn


def draw_truth_by_score(programs: pl.DataFrame) -> Drawing:
    """Draw the mean pass rate of programs by tenths of their score (`RewardQuality.programs`)."""
    means = _by_tenth(programs, "relative_score", pl.col("pass_rate"))
    with drawing() as drawn:
        drawn.axes.bar(means["tenth"], means["pass_rate"], width=0.75, color=colour("blue"))
        drawn.axes.set_xticks(range(1, _TENTHS + 1))
        drawn.axes.set(ylim=(0, 1.03), xlabel="tenth of the programs, by score: the tenth has the highest")
        _percent(drawn.axes.yaxis)
    return drawn


def draw_score_by_length(programs: pl.DataFrame) -> Drawing:
    """Draw the mean score of right and of wrong programs by tenths of their length (`RewardQuality.programs`)."""
    with drawing() as drawn:
        for solved, tone, label in ((False, "red", "wrong programs"), (True, "green", "right programs")):
            some = programs.filter(pl.col("solved") == solved)
            means = _by_tenth(some, "characters", pl.col("characters", "relative_score"))
            drawn.legend.append((tone, label))
            drawn.axes.plot(means["characters"], means["relative_score"], marker="o", markersize=4, color=colour(tone))
        drawn.axes.set(xlabel="characters")
        _counts(drawn.axes.xaxis)
    return drawn


def draw_pass_rates(pass_rates: pl.Series) -> Drawing:
    """Draw a histogram of pass rates in twentieths; the last bar is programs that pass every test."""
    with drawing() as drawn:
        counts, _ = np.histogram(pass_rates.drop_nulls().to_numpy(), bins=[step / 20 for step in range(22)])
        drawn.legend += [("blue", "some tests failed"), ("green", "every test passed")]
        tones = [colour("blue")] * 20 + [colour("green")]
        drawn.axes.bar(np.arange(21) / 20 + 0.025, counts, width=0.042, color=tones)
        drawn.axes.set(xlim=(0, 1.06), xlabel="share of tests passed")
        _percent(drawn.axes.xaxis)
        _counts(drawn.axes.yaxis)
    return drawn


def draw_curve(training: Sequence[tuple[float, float]], validation: Sequence[tuple[float, float]]) -> Drawing:
    """Draw one figure of a training: raw and smoothed, and the same figure on validation questions."""
    with drawing() as drawn:
        if training:
            steps, raw, smooth = _smoothed(training)
            drawn.legend.append(("blue", "training, smoothed over raw"))
            drawn.axes.plot(steps, raw, color=colour("blue"), alpha=0.3, linewidth=0.9)
            drawn.axes.plot(steps, smooth, color=colour("blue"), linewidth=1.8, marker="." if len(steps) == 1 else None)
        if validation:
            drawn.legend.append(("amber", "validation"))
            steps, values = (list(column) for column in zip(*validation, strict=True))
            drawn.axes.plot(steps, values, color=colour("amber"), marker="o", markersize=4, linewidth=1.4)
        drawn.axes.set(xlabel="step")
        _counts(drawn.axes.xaxis)
    return drawn


def draw_over_time(rows: pl.DataFrame, names: Sequence[str], until: datetime) -> Drawing:
    """Draw shares over time, each of which holds until it is recorded anew.

    Args:
        rows: Columns recorded_at, name and value; null where there was none any more.
        names: The names that are drawn, in the order of their colours.
        until: The moment up to which the last value holds.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    with drawing() as drawn:
        for name, tone in zip(names, SERIES, strict=False):
            of_name = rows.filter(pl.col("name") == name).sort("recorded_at")
            moments = [*of_name["recorded_at"], until]
            values = [*of_name["value"], of_name["value"][-1]]
            drawn.legend.append((tone, spoken(name)))
            drawn.axes.plot(moments, values, drawstyle="steps-post", color=colour(tone), linewidth=1.7)
        locator: Locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        drawn.axes.xaxis.set_major_locator(locator)
        drawn.axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        drawn.axes.set(ylim=(0, 1.03))
        _percent(drawn.axes.yaxis)
    return drawn


def _by_tenth(programs: pl.DataFrame, ordered_by: str, means: pl.Expr) -> pl.DataFrame:
    tenth = pl.int_range(pl.len()) * _TENTHS // pl.len() + 1
    ranked = programs.sort(ordered_by, "program_id").with_columns(tenth=tenth)
    return ranked.group_by("tenth").agg(means.mean()).sort("tenth")


def _smoothed(curve: Sequence[tuple[float, float]]) -> tuple[list[float], list[float], list[float]]:
    """Return steps, values and smoothed values; of a long curve, means of neighbours."""
    points = pl.DataFrame(curve, schema=["step", "value"], orient="row")
    together = -(-points.height // _RAW_POINTS)
    smooth = points.with_columns(smooth=pl.col("value").ewm_mean(half_life=max(1.0, points.height / 100)))
    thin = smooth.group_by(pl.int_range(pl.len()) // together, maintain_order=True).agg(
        pl.col("step").last(), pl.col("value").mean(), pl.col("smooth").last()
    )
    return thin["step"].to_list(), thin["value"].to_list(), thin["smooth"].to_list()


def _percent(axis: "Axis") -> None:
    _told(axis, lambda value: f"{value:.0%}")


def _counts(axis: "Axis") -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    _told(axis, lambda value: f"{value:,.0f}")


def _told(axis: "Axis", told: Callable[[float], str]) -> None:
    axis.set_major_formatter(lambda value, _: told(value))

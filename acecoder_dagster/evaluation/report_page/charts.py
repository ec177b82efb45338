"""The drawings of the report."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from acecoder_dagster.evaluation.plots import METHOD_LABELS
from acecoder_dagster.evaluation.report_page.drawing import SERIES, colour, drawing

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


def draw_best_of_n(rows: pl.DataFrame) -> str:
    """Draw the share of questions solved by N and method, with intervals, from rows of `tables.BEST_OF_N`."""
    with drawing(3.6) as drawn:
        for method, label in METHOD_LABELS.items():
            of_method = rows.filter(pl.col("method") == method).sort("n")
            if of_method.is_empty():
                continue
            tone = colour(_METHOD_TONES[method])
            drawn.axes.plot(of_method["n"], of_method["solved"], marker="o", markersize=4, color=tone, label=label)
            drawn.axes.fill_between(
                of_method["n"], of_method["low"], of_method["high"], color=tone, alpha=0.15, linewidth=0
            )
        drawn.axes.set_xscale("log", base=2)
        numbers = sorted(rows["n"].unique())
        drawn.axes.set_xticks(numbers, [str(n) for n in numbers])
        drawn.axes.minorticks_off()
        drawn.axes.set(ylim=(0, 1), xlabel="programs to choose from (N)")
        _percent(drawn.axes.yaxis)
        drawn.legend()
    return drawn.svg


def draw_calibration(rows: pl.DataFrame) -> str:
    """Draw how often the order of two scores is right, against its probability (`RewardQuality.calibration`)."""
    with drawing() as drawn:
        drawn.axes.plot([0.5, 1], [0.5, 1], color=colour("grey"), linestyle="--", label="as promised")
        drawn.axes.plot(
            rows["predicted"], rows["observed"], marker="o", markersize=4, color=colour("blue"), label="reward model"
        )
        drawn.axes.set(xlim=(0.5, 1.01), ylim=(0, 1.03), xlabel="probability that the scores promise")
        _percent(drawn.axes.xaxis)
        _percent(drawn.axes.yaxis)
        drawn.legend()
    return drawn.svg


def draw_scores(programs: pl.DataFrame) -> str:
    """Draw how the scores of right and wrong programs are spread (`RewardQuality.programs`)."""
    scores = programs["relative_score"]
    bins = np.linspace(float(scores.min() or 0), float(scores.max() or 1), _SCORE_BINS + 1)  # type: ignore[arg-type]
    with drawing() as drawn:
        for solved, tone, label in ((False, "red", "wrong programs"), (True, "green", "right programs")):
            some = programs.filter(pl.col("solved") == solved)["relative_score"]
            drawn.axes.hist(some, bins=bins.tolist(), color=colour(tone), alpha=0.55, label=label)
        drawn.axes.set(xlabel="score above the mean of its question")
        drawn.legend()
    return drawn.svg


def draw_truth_by_score(programs: pl.DataFrame) -> str:
    """Draw the mean pass rate of programs, by tenths of their score (`RewardQuality.programs`)."""
    ranked = programs.sort("relative_score").with_columns(tenth=pl.int_range(pl.len()) * _TENTHS // pl.len())
    means = ranked.group_by("tenth").agg(pl.col("pass_rate").mean()).sort("tenth")
    with drawing() as drawn:
        drawn.axes.bar(means["tenth"] + 1, means["pass_rate"], width=0.75, color=colour("blue"))
        drawn.axes.set_xticks(range(1, _TENTHS + 1))
        drawn.axes.set(ylim=(0, 1.03), xlabel="tenth of the programs, by score: 10 is the best scored")
        _percent(drawn.axes.yaxis)
    return drawn.svg


def draw_pass_rates(pass_rates: pl.Series) -> str:
    """Draw a histogram of pass rates in twentieths; the last bar is programs that pass every test."""
    with drawing() as drawn:
        counts, _ = np.histogram(pass_rates.drop_nulls().to_numpy(), bins=[step / 20 for step in range(22)])
        drawn.axes.bar(np.arange(21) / 20 + 0.025, counts, width=0.042, color=[colour("blue")] * 20 + [colour("green")])
        drawn.axes.set(xlim=(0, 1.06), xlabel="tests passed; the last bar: all of them")
        _percent(drawn.axes.xaxis)
        drawn.axes.yaxis.set_major_formatter("{x:,.0f}")
    return drawn.svg


def draw_curve(training: Sequence[tuple[float, float]], validation: Sequence[tuple[float, float]]) -> str:
    """Draw one figure of a training: raw and smoothed, and the same figure on validation questions."""
    with drawing() as drawn:
        if training:
            steps, raw, smooth = _smoothed(training)
            drawn.axes.plot(steps, raw, color=colour("blue"), alpha=0.3, linewidth=0.9, label="each step")
            drawn.axes.plot(steps, smooth, color=colour("blue"), linewidth=1.8, label="smoothed")
        if validation:
            drawn.axes.plot(
                *zip(*validation, strict=True),
                color=colour("amber"),
                marker="o",
                markersize=4,
                linewidth=1.4,
                label="validation",
            )
        drawn.axes.set(xlabel="step")
        drawn.axes.xaxis.get_major_locator().set_params(integer=True)
        drawn.axes.xaxis.set_major_formatter("{x:,.0f}")
        drawn.legend()
    return drawn.svg


def draw_over_time(rows: pl.DataFrame, names: Sequence[str], until: object) -> str:
    """Draw shares over time, each of which holds until it is recorded anew.

    Args:
        rows: Columns recorded_at, name and value; null where there was none any more.
        names: The names that are drawn, in the order of their colours.
        until: The moment up to which the last value holds.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    with drawing(3.4) as drawn:
        for name, tone in zip(names, SERIES, strict=False):
            of_name = rows.filter(pl.col("name") == name).sort("recorded_at")
            moments = [*of_name["recorded_at"], until]
            values = [*of_name["value"], of_name["value"][-1]]
            drawn.axes.plot(
                moments, values, drawstyle="steps-post", color=colour(tone), linewidth=1.7, label=name.replace("_", " ")
            )
        locator = AutoDateLocator(minticks=3, maxticks=7)
        drawn.axes.xaxis.set_major_locator(locator)
        drawn.axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        drawn.axes.xaxis.get_offset_text().set(color=colour("muted"), fontsize=9.5)
        drawn.axes.set(ylim=(0, 1.03))
        _percent(drawn.axes.yaxis)
        drawn.legend()
    return drawn.svg


def _smoothed(curve: Sequence[tuple[float, float]]) -> tuple[list[float], list[float], list[float]]:
    """Return steps, values and smoothed values; of a long curve, means of neighbours."""
    points = pl.DataFrame(curve, schema=["step", "value"], orient="row")
    together = -(-points.height // _RAW_POINTS)
    smooth = points.with_columns(smooth=pl.col("value").ewm_mean(half_life=max(1.0, points.height / 40)))
    thin = smooth.group_by(pl.int_range(pl.len()) // together, maintain_order=True).agg(
        pl.col("step").last(), pl.col("value").mean(), pl.col("smooth").last()
    )
    return thin["step"].to_list(), thin["value"].to_list(), thin["smooth"].to_list()


def _percent(axis: object) -> None:
    axis.set_major_formatter(lambda value, _: f"{value:.0%}")  # type: ignore[attr-defined]

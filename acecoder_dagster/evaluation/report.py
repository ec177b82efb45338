"""The report: the results of the evaluation in tables and plots, for people."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from acecoder_dagster.data.counting import UnsealedPasses
from acecoder_dagster.evaluation.best_of_n import best_counted
from acecoder_dagster.evaluation.plots import (
    METHOD_LABELS,
    Curve,
    plot_best_of_n,
    plot_calibration,
    plot_learning_curves,
    plot_pass_rates,
    plot_policies,
    plot_scores,
)
from acecoder_dagster.evaluation.reward_model_section import reward_model_section
from acecoder_dagster.evaluation.reward_quality import RewardQuality


@dataclass(frozen=True)
class Report:
    """The report.

    Attributes:
        markdown: The report as Markdown, with its plots inside.
        plots: The same plots as PNG files, by name.
    """

    markdown: str
    plots: dict[str, bytes]


@dataclass(frozen=True)
class Seals:
    """What became of passes that are not sealed.

    Attributes:
        unsealed_passes: Whether they count.
        shares: Their share among the passes that each training saw, by the name of the training.
    """

    unsealed_passes: UnsealedPasses
    shares: Mapping[str, float]


def render_report(
    policy_scores: pl.DataFrame,
    best_of_n: pl.DataFrame,
    quality: RewardQuality,
    pass_rates: pl.Series,
    learning_curves: Mapping[str, Curve],
    seals: Seals,
) -> Report:
    """Write the report.

    Args:
        policy_scores: Rows of `tables.BENCHMARK_SCORES`, the policy before training first.
        best_of_n: Rows of `tables.BEST_OF_N`.
        quality: How good the reward model's scores are.
        pass_rates: Pass rate of each sampled program.
        learning_curves: Learning curves by name; empty ones are left out.
        seals: What became of passes that are not sealed.
    """
    curves = {name: curve for name, curve in learning_curves.items() if len(curve)}
    metrics = policy_scores["metric"].unique(maintain_order=True)
    plots = {
        f"policies {metric}": plot_policies(policy_scores.filter(pl.col("metric") == metric)) for metric in metrics
    }
    plots |= {
        "best of N": plot_best_of_n(best_of_n),
        "calibration": plot_calibration(quality.calibration),
        "scores": plot_scores(quality.programs),
        "pass rates": plot_pass_rates(pass_rates),
    }
    if curves:
        plots["learning curves"] = plot_learning_curves(curves)

    parts = [
        "# Report",
        "Intervals come from a bootstrap over questions; gains are paired by question.",
        "## Reinforcement learning",
        f"Held-out questions solved by the policies; gain over {policy_scores['model'][0]}.",
        _policy_table(policy_scores),
        *(_image(f"policies {metric}", plots) for metric in metrics),
        "## Best of N",
        "Held-out questions solved when one of N sampled programs is chosen; gain over choosing any.",
        _best_of_n_table(best_of_n),
        _image("best of N", plots),
        _counting(best_of_n),
        *reward_model_section(quality, _image("calibration", plots), _image("scores", plots)),
        "## Pass rates",
        f"{len(pass_rates):,} sampled programs; {(pass_rates == 1).sum():,} pass every test of their question.",
        _image("pass rates", plots),
        "## Passes that are not sealed",
        _seals(seals),
    ]
    if curves:
        parts += ["## Learning curves", _image("learning curves", plots)]
    return Report("\n\n".join(parts) + "\n", plots)


def _policy_table(rows: pl.DataFrame) -> str:
    header = (
        "| policy | metric | solved | gain | questions | unsealed passes | solved if they count |\n"
        "|---|---|---|---|---|---|---|"
    )
    lines = (
        f"| {row['model']} | {row['metric']} | {_solved(row)} | {_gain(row)} | {row['questions']} "
        f"| {_or_empty(row['unsealed_share'], '.2%')} | {_or_empty(row['with_unsealed'], '.3f')} |"
        for row in rows.iter_rows(named=True)
    )
    return "\n".join([header, *lines])


def _best_of_n_table(rows: pl.DataFrame) -> str:
    header = "| N | chosen | solved | gain | questions |\n|---|---|---|---|---|"
    lines = (
        f"| {row['n']} | {METHOD_LABELS[row['method']]} | {_solved(row)} | {_gain(row)} | {row['questions']} |"
        for row in rows.iter_rows(named=True)
    )
    return "\n".join([header, *lines])


def _counting(rows: pl.DataFrame) -> str:
    """Return two gains of the reward model: at a fixed N, and as the paper's headline counts."""
    of_model = rows.filter(pl.col("method") == "reward_model").sort("n")
    fixed = of_model.filter(pl.col("questions") == of_model["questions"].max()).row(-1, named=True)
    best = best_counted(of_model).row(0, named=True)
    return (
        f"The gain of the reward model over choosing any can be counted in two ways: at the fixed N = {fixed['n']} it "
        f"is {_gain(fixed)}; at the best of all N, as the paper's headline takes maxima, {_gain(best)} "
        f"(N = {best['n']}). "
        "Rely on the first: the N of the second was chosen after looking at the results."
    )


def _seals(seals: Seals) -> str:
    meaning = "a failure" if seals.unsealed_passes == "refuse" else "a pass"
    lines = [
        "A pass that is not sealed may have been forged by its program. "
        f"Here it counts as {meaning} (tests.unsealed_passes = {seals.unsealed_passes}).",
        "",
        "| training | share of unsealed passes among those that it saw |",
        "|---|---|",
        *(f"| {training} | {share:.2%} |" for training, share in seals.shares.items()),
    ]
    return "\n".join(lines)


def _or_empty(value: float | None, form: str) -> str:
    """Return a figure as text, empty where rows of an older version do not have it."""
    return "" if value is None else format(value, form)


def _solved(row: Mapping[str, float]) -> str:
    return f"{row['solved']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"


def _gain(row: Mapping[str, float]) -> str:
    if row["gain_low"] == row["gain_high"] == 0:
        return "-"
    return f"{row['gain']:+.3f} [{row['gain_low']:+.3f}, {row['gain_high']:+.3f}]"


def _image(name: str, plots: Mapping[str, bytes]) -> str:
    return f"![{name}](data:image/png;base64,{base64.b64encode(plots[name]).decode()})"

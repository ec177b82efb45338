"""Sections about what was learned: policies, best-of-N, the reward model, learning curves, unsealed passes."""

from collections.abc import Mapping

import polars as pl

from acecoder_dagster.evaluation.best_of_n import best_counted
from acecoder_dagster.evaluation.plots import METHOD_LABELS
from acecoder_dagster.evaluation.report import Seals
from acecoder_dagster.evaluation.report_page.charts import (
    draw_best_of_n,
    draw_calibration,
    draw_score_by_length,
    draw_scores,
    draw_truth_by_score,
)
from acecoder_dagster.evaluation.report_page.curves import Training, curve_charts
from acecoder_dagster.evaluation.report_page.parts import (
    Bar,
    Block,
    Cell,
    Chart,
    Charts,
    Details,
    Entry,
    Part,
    Section,
    Table,
    Text,
)
from acecoder_dagster.evaluation.report_page.words import NOTHING, count, gain, interval, share, spoken
from acecoder_dagster.evaluation.reward_quality import RewardQuality

REPORTED = {
    "base_policy": ("loss",),
    "reward_model": ("loss", "pair_accuracy"),
    "policy_rule": ("pass_at_1", "entropy"),
    "policy_reward_model": ("reward", "pass_at_1", "entropy"),
}
"""Figures of each training whose curves the report shows."""


def policies(scores: pl.DataFrame) -> Section:
    """Return how many held-out questions each policy solves, from rows of `tables.BENCHMARK_SCORES`."""
    if scores.is_empty():
        return Section("policies", "Policies", "", [Text("No policy has been measured yet.")])
    meaning = (
        "Held-out questions that a policy solves before and after reinforcement learning; no training has seen them. "
        f"The gain over {spoken(scores['model'][0])} is paired by question. Brackets are 95% intervals, by a "
        "bootstrap over questions."
    )
    one_metric = scores["metric"].n_unique() == 1
    rows: list[list[Cell]] = []
    for number, row in enumerate(scores.iter_rows(named=True)):
        name = spoken(row["model"]) if one_metric else f"{spoken(row['model'])}, {row['metric']}"
        tone = "blue" if number else "grey"
        # Rows of an older version do not have it.
        unsealed = NOTHING if row["unsealed_share"] is None else share(row["unsealed_share"])
        rows.append([name, _solved(row, tone), _gain(row), count(row["questions"]), unsealed])
    columns = ("policy", scores["metric"][0] if one_metric else "solved", "gain", "questions", "unsealed passes")
    return Section("policies", "Policies", meaning, [Table(columns, rows)])


def best_of_n(rows: pl.DataFrame) -> Section:
    """Return how many held-out questions are solved by choosing among N programs, from rows of `tables.BEST_OF_N`."""
    meaning = (
        "Of N programs that the base policy writes for a held-out question one is chosen; solved is how often the "
        "chosen one passes every test. The oracle chooses a right one whenever there is one: nothing can choose better."
    )
    if rows.is_empty():
        return Section("best-of-n", "Best of N", meaning, [Text("Nothing has been chosen by a reward model yet.")])
    most = rows.filter(pl.col("n") == rows["n"].max())
    cells: list[list[Cell]] = [
        [
            METHOD_LABELS[row["method"]],
            _solved(row, "blue" if row["method"] == "reward_model" else "grey"),
            _gain(row),
            count(row["questions"]),
        ]
        for row in most.sort("solved").iter_rows(named=True)
    ]
    table = Table(("chosen", "solved", "gain over any", "questions"), cells, title=f"With N = {most['n'][0]}")
    chart = Chart("Questions solved, by N", draw_best_of_n(rows), "Shaded: 95% intervals over questions.")
    parts: list[Part] = [Charts([chart]), table]
    of_model = rows.filter(pl.col("method") == "reward_model")
    if not of_model.is_empty():
        best = best_counted(of_model).row(0, named=True)
        parts.append(
            Text(
                f"Counted as the paper's headline does, at the N where it is best (N = {best['n']}), the gain of the "
                f"reward model is {_gain(best)}. Rely on a fixed N: that one was chosen after looking at the results."
            )
        )
    return Section("best-of-n", "Best of N", meaning, parts)


def reward_against_truth(quality: RewardQuality) -> Section:
    """Return how far the scores of the reward model go with what executed tests say."""
    meaning = (
        "The reward model scores programs of held-out questions without running them; tests tell the truth. Only the "
        "difference of two scores of one question means something."
    )
    if quality.programs.is_empty():
        return Section("reward", "Reward against truth", meaning, [Text("No program has a score yet.")])
    parts: list[Part] = [Charts(_reward_charts(quality))]
    if not quality.accuracy_by_gap.is_empty():
        parts.append(_accuracy(quality.accuracy_by_gap))
    score_length, rate_length = quality.with_length
    parts.append(
        Text(
            f"Rank correlations over {count(quality.programs.height)} programs: score with tests passed "
            f"{quality.with_truth:+.2f}, score with length {score_length:+.2f}, tests passed with length "
            f"{rate_length:+.2f}. A score that follows length more than tests do has learnt the length."
        )
    )
    if not quality.most_wrong.is_empty():
        entries = [_wrong_pair(row) for row in quality.most_wrong.iter_rows(named=True)]
        parts.append(Details("The most wrong pairs, to be read", entries))
    return Section("reward", "Reward against truth", meaning, parts)


def _reward_charts(quality: RewardQuality) -> list[Chart]:
    charts = [
        Chart(
            "Truth by score",
            draw_truth_by_score(quality.programs),
            "Mean share of tests passed. Scores are counted from the mean of their question.",
        ),
        Chart(
            "Scores of right and wrong programs",
            draw_scores(quality.programs),
            "Number of programs by score. The less they overlap, the better the model tells them apart.",
        ),
        Chart(
            "Scores by length",
            draw_score_by_length(quality.programs),
            "Mean score, by tenths of the length. Lines that rise or fall steeply mean that length is rewarded or "
            "punished.",
        ),
    ]
    if not quality.calibration.is_empty():
        told = (
            "Of pairs of a right and a wrong program: how often the right one has the higher score. Below the dashed "
            "line the scores are surer than they are right."
        )
        charts.insert(2, Chart("Calibration", draw_calibration(quality.calibration), told))
    return charts


def _accuracy(rows: pl.DataFrame) -> Table:
    cells: list[list[Cell]] = [
        [
            row["gap"],
            Bar(interval(row["accuracy"], row["low"], row["high"]), row["accuracy"], low=row["low"], high=row["high"]),
            count(row["pairs"]),
            count(row["questions"]),
        ]
        for row in rows.iter_rows(named=True)
    ]
    columns = ("difference of pass rates", "ordered rightly", "pairs", "questions")
    return Table(columns, cells, title="Pairs that the scores order rightly; half would be chance")


def _wrong_pair(row: Mapping[str, object]) -> Entry:
    right, wrong, passed = (row[name] for name in ("right_score", "wrong_score", "wrong_pass_rate"))
    return Entry(
        f"The right program has the score {right:.2f}; a wrong one, with {passed:.0%} of the tests passed, {wrong:.2f}",
        [
            Block("question", str(row["question"]).strip()),
            Block("right program", str(row["right_program"]).strip()),
            Block("wrong program", str(row["wrong_program"]).strip()),
        ],
    )


def learning_curves(trainings: Mapping[str, Training]) -> Section:
    """Return the curves of each training, smoothed over raw, training and validation together."""
    meaning = (
        "What each training reported step by step: pale as it was, bold smoothed. Where validation questions are "
        "measured too, they stand in the same drawing; questions of validation teach nothing."
    )
    charts = [
        Chart(f"{spoken(name).capitalize()}: {chart.title.lower()}", chart.drawing, chart.caption)
        for name, training in trainings.items()
        for chart in curve_charts(training, REPORTED.get(name, ()))
    ]
    parts: list[Part] = [Charts(charts)] if charts else [Text("No training has left a curve.")]
    return Section("curves", "Learning curves", meaning, parts)


def unsealed_passes(seals: Seals) -> Section:
    """Return what became of passes that are not sealed."""
    counted = "a failure" if seals.unsealed_passes == "refuse" else "a pass"
    meaning = (
        "A pass that is not sealed may have been forged by its program. "
        f"Here it counts as {counted} (setting tests.unsealed_passes = {seals.unsealed_passes})."
    )
    rows: list[list[Cell]] = [
        [spoken(name), Bar(f"{seen:.2%}", seen, tone="red")] for name, seen in seals.shares.items()
    ]
    table = Table(("training", "share among the passes that it saw"), rows)
    told = Text("No training here has seen passes.")
    return Section("unsealed", "Passes that are not sealed", meaning, [table] if rows else [told])


def _solved(row: Mapping[str, float], tone: str) -> Bar:
    return Bar(
        interval(row["solved"], row["low"], row["high"]), row["solved"], low=row["low"], high=row["high"], tone=tone
    )


def _gain(row: Mapping[str, float]) -> str:
    return gain(row["gain"], row["gain_low"], row["gain_high"])

"""The report as a page: its headlines, and its sections in the order in which the data travels."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from acecoder_dagster.data.warehouse import RunFigures
from acecoder_dagster.evaluation.report import Seals
from acecoder_dagster.evaluation.report_page.curves import Training
from acecoder_dagster.evaluation.report_page.learned import (
    best_of_n,
    learning_curves,
    policies,
    reward_against_truth,
    unsealed_passes,
)
from acecoder_dagster.evaluation.report_page.parts import Headline, Page
from acecoder_dagster.evaluation.report_page.rendering import render_page
from acecoder_dagster.evaluation.report_page.runs import cost, funnel, over_time, pass_rates, rejections
from acecoder_dagster.evaluation.report_page.words import count, roughly, share, spoken
from acecoder_dagster.evaluation.reward_quality import RewardQuality


@dataclass(frozen=True)
class ReportFigures:
    """What the report shows.

    Attributes:
        runs: What all runs did and measured.
        policy_scores: Rows of `tables.BENCHMARK_SCORES`, the policy before training first.
        best_of_n: Rows of `tables.BEST_OF_N`.
        quality: How good the reward model's scores are.
        pass_rates: Pass rate of each sampled program.
        trainings: What each training left, by the name of the model.
        seals: What became of passes that are not sealed.
    """

    runs: RunFigures
    policy_scores: pl.DataFrame
    best_of_n: pl.DataFrame
    quality: RewardQuality
    pass_rates: pl.Series
    trainings: Mapping[str, Training]
    seals: Seals


def report_page(figures: ReportFigures) -> str:
    """Return the report as one HTML document, which asks for no other file and no network."""
    runs = figures.runs
    sections = [
        funnel(runs.stages),
        rejections(runs.rejections),
        pass_rates(runs.pass_rates, figures.pass_rates),
        reward_against_truth(figures.quality),
        best_of_n(figures.best_of_n),
        policies(figures.policy_scores),
        learning_curves(figures.trainings),
        cost(runs.stages),
        over_time(runs),
        unsealed_passes(figures.seals),
    ]
    lead = "From code to questions with tests, judged programs, a reward model and policies: what was made and learned."
    if isinstance(written := runs.stages["written_at"].max(), datetime):
        lead += f" The newest rows are of {written:%-d %B %Y, %H:%M} UTC."
    return render_page(Page("AceCoder report", lead, list(_headlines(figures)), sections))


def _headlines(figures: ReportFigures) -> list[Headline]:
    return [*_made(figures.runs.stages), *_learned(figures)]


def _made(stages: pl.DataFrame) -> list[Headline]:
    kept = dict(stages.select("stage", "rows_kept").iter_rows())
    found = []
    if kept.get("questions"):
        tests = count(kept.get("filtered_tests") or 0)
        found.append(Headline(count(kept["questions"]), "Questions", f"with {tests} tests that were kept"))
    if executed := int(stages["programs_executed"].sum()):
        found.append(Headline(count(executed), "Programs executed", "in a sandbox, against their tests"))
    if seconds := float(stages["seconds"].sum()):
        found.append(Headline(roughly(seconds), "Time of all stages", "trainings included"))
    return found


def _learned(figures: ReportFigures) -> list[Headline]:
    found = []
    if not figures.policy_scores.is_empty():
        metric = figures.policy_scores["metric"][0]
        scores = figures.policy_scores.filter(pl.col("metric") == metric)
        first, best = scores.row(0, named=True), scores.sort("solved", descending=True).row(0, named=True)
        note = f"held-out questions by {spoken(best['model'])}; before training {share(first['solved'])}"
        found.append(Headline(share(best["solved"]), f"Solved ({metric})", note))
    of_model = figures.best_of_n.filter(pl.col("method") == "reward_model")
    if not of_model.is_empty():
        most = of_model.sort("n").row(-1, named=True)
        note = f"solved when the reward model chooses; any program: {share(most['solved'] - most['gain'])}"
        found.append(Headline(share(most["solved"]), f"Best of {most['n']}", note))
    clearest = figures.quality.accuracy_by_gap
    if not clearest.is_empty():
        row = clearest.row(-1, named=True)
        note = f"by the reward model, where pass rates differ by {row['gap']}"
        found.append(Headline(share(row["accuracy"]), "Pairs ordered rightly", note))
    return found

"""The report: what was made and learned, as a page and as Markdown."""

from collections.abc import Mapping

import dagster as dg

from acecoder_dagster import evaluation
from acecoder_dagster.data.counting import counted_results
from acecoder_dagster.data.tables import (
    BENCHMARK_SCORES,
    BEST_OF_N,
    FILTERED_TESTS,
    PROGRAM_SCORES,
    QUESTIONS,
    SAMPLED_PROGRAMS,
    TEST_RESULTS,
)
from acecoder_dagster.data.warehouse import RunFigures, run_figures
from acecoder_dagster.evaluation import Curve
from acecoder_dagster.evaluation.report_page import ReportFigures, Training, report_page
from acecoder_dagster.files import replace_text
from acecoder_dagster.graph.assets.training_records import rollouts, training_curves
from acecoder_dagster.graph.groups import EVALUATION
from acecoder_dagster.graph.inputs import chosen, entire, if_there
from acecoder_dagster.graph.metadata import Metadata, picture, rounded
from acecoder_dagster.graph.models import MODELS
from acecoder_dagster.graph.stages import page_stage
from acecoder_dagster.graph.step import Step
from acecoder_dagster.graph.steps.training_rows import held_out_questions, held_out_results
from acecoder_dagster.learning.workers.curves import read_curves
from acecoder_dagster.settings import seeded

REPORTED = {
    "base_policy": ("loss",),
    "reward_model": ("loss", "pair_accuracy"),
    "policy_rule": ("pass_at_1", "validation_pass_at_1"),
    "policy_reward_model": ("reward", "validation_pass_at_1"),
}
"""Figures of each training that the Markdown shows."""


@page_stage(
    reads=(
        *entire(BENCHMARK_SCORES, BEST_OF_N, PROGRAM_SCORES),
        *chosen(QUESTIONS, FILTERED_TESTS, SAMPLED_PROGRAMS, TEST_RESULTS),
        *if_there(*MODELS),
    ),
    waits_for=(rollouts, training_curves),
    code_version="2",
    group=EVALUATION,
    kinds={"html", "markdown", "matplotlib"},
    publishes=True,
)
def report(step: Step) -> Metadata:
    """What was made and learned, with 95% intervals: report.html in the project folder, for any browser.

    The same results stand on this page, and as Markdown in report.md.
    """
    figures = _figures(step)
    home = step.project.home.root
    replace_text(home / "report.html", report_page(figures))
    rendered = evaluation.render_report(
        figures.policy_scores,
        figures.best_of_n,
        figures.quality,
        figures.pass_rates,
        _learning_curves(figures.trainings),
        figures.seals,
    )
    replace_text(home / "report.md", rendered.markdown)
    plots = {name.replace(" ", "_"): picture(png, name) for name, png in rendered.plots.items()}
    return {
        **{f"{row['metric']}_of_{row['model']}": rounded(row["solved"]) for row in figures.policy_scores.to_dicts()},
        **plots,
        "page": dg.MetadataValue.path(str(home / "report.html")),
        "file": dg.MetadataValue.path(str(home / "report.md")),
        "report": dg.MetadataValue.md(rendered.markdown),
    }


def _figures(step: Step) -> ReportFigures:
    unsealed_passes = step.settings.tests.unsealed_passes
    quality = evaluation.reward_quality(
        held_out_results(step),
        step.read(PROGRAM_SCORES),
        step.read(SAMPLED_PROGRAMS),
        held_out_questions(step),
        seeded(step.settings.evaluation, step.settings.seed),
        unsealed_passes,
    )
    return ReportFigures(
        runs=_run_figures(step),
        policy_scores=step.read(BENCHMARK_SCORES).drop("batch"),
        best_of_n=step.read(BEST_OF_N).drop("batch"),
        quality=quality,
        pass_rates=counted_results(step.read(TEST_RESULTS), unsealed_passes)["pass_rate"],
        trainings=_trainings(step),
        seals=evaluation.Seals(unsealed_passes, _unsealed_shares(step)),
    )


def _run_figures(step: Step) -> RunFigures:
    """Return what the warehouse tells of all runs; it was published as this step began."""
    feeding = [part.batch for part in step.project.lake.partitions(QUESTIONS) if step.project.is_chosen(part.batch)]
    return run_figures(step.project.home.warehouse, feeding)


def _trainings(step: Step) -> dict[str, Training]:
    """Return what each training that is there left, by the name of its model."""
    trained = [artifact for model in MODELS if (artifact := step.model(model)) is not None]
    return {each.name: Training(read_curves(each.folder), each.figures) for each in trained}


def _learning_curves(trainings: Mapping[str, Training]) -> dict[str, Curve]:
    """Return what a reader of the Markdown wants to see of each training, by `<training>: <figure>`."""
    return {
        f"{model}: {name}": training.curves[name]
        for model, training in trainings.items()
        for name in REPORTED[model]
        if name in training.curves
    }


def _unsealed_shares(step: Step) -> dict[str, float]:
    """Return the share of unsealed passes of each training that reports one."""
    trained = [artifact for model in MODELS if (artifact := step.model(model)) is not None]
    figure = "unsealed_pass_share"
    return {artifact.name: artifact.figures[figure] for artifact in trained if figure in artifact.figures}

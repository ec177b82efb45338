"""The curves of one training as a page: those so far while it runs, all of them when it is done."""

import time
from collections.abc import Sequence
from enum import StrEnum

from acecoder_dagster.evaluation.report_page.curves import Training, curve_charts, figures_of
from acecoder_dagster.evaluation.report_page.parts import Charts, Growing, Headline, Page, Section, Text
from acecoder_dagster.evaluation.report_page.rendering import render_page
from acecoder_dagster.evaluation.report_page.words import count, spoken

_LEARNED = (
    "pass_at_1",
    "reward",
    "pair_accuracy",
    "loss",
    "pass_rate",
    "official_pass_at_1",
    "entropy",
    "kl",
)
"""Figures that say what is learned, those that matter most first; all others say how the training runs."""

_HEADLINES = 2

_SILENT = "It was killed after {} steps, or its machine was: this page is not written any more. A new run goes on."


class State(StrEnum):
    """How far a training is, as its page says it."""

    RUNNING = "It is running: {} steps so far."
    FINISHED = "It is finished, after {} steps."
    STOPPED = "It stopped after {} steps, before it was finished. Its run says why; a new run goes on where it was."


def curves_page(name: str, training: Training, state: State, reload_seconds: int) -> str:
    """Return the curves of a training as one HTML document, which asks for no other file and no network.

    Args:
        name: The model that is trained.
        training: What it reported so far.
        state: How far it is.
        reload_seconds: While it runs, after how many seconds the page is written anew and a browser loads it again.
    """
    steps = int(max((curve[-1][0] for curve in training.curves.values()), default=0))
    drawn = figures_of(training.curves)
    learned = [figure for figure in _LEARNED if figure in drawn]
    others = [figure for figure in drawn if figure not in _LEARNED]
    sections = [
        _section("learned", "What is learned", "Pale as it was in each step, bold smoothed.", training, learned),
        _section("running", "How it runs", "Speed, sizes and times.", training, others),
    ]
    growing = Growing(time.time(), reload_seconds, _SILENT.format(count(steps)))
    page = Page(
        title=f"Training of the {spoken(name)}",
        lead=state.format(count(steps)),
        headlines=[_headline(training, figure) for figure in learned[:_HEADLINES]],
        sections=[section for section in sections if section] or [_nothing_yet()],
        growing=growing if state is State.RUNNING else None,
    )
    return render_page(page)


def _section(place: str, title: str, meaning: str, training: Training, figures: Sequence[str]) -> Section | None:
    charts = curve_charts(training, figures)
    return Section(place, title, meaning, [Charts(charts)]) if charts else None


def _nothing_yet() -> Section:
    told = Text("No step has been reported yet: models are loaded, or sandboxes started.")
    return Section("learned", "What is learned", "", [told])


def _headline(training: Training, figure: str) -> Headline:
    curve, validation = training.of(figure)
    shown = curve or validation
    note = f"on validation questions {validation[-1][1]:.3g}" if curve and validation else "in the last step"
    return Headline(f"{shown[-1][1]:.3g}", spoken(figure).capitalize(), note)

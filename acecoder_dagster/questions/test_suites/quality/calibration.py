"""Counts on calibration questions which right programs the tests refuse and which wrong programs they accept."""

from collections.abc import Iterable

import polars as pl

from acecoder_dagster.data.tables import OFFICIAL, UNUSABLE_OUTCOMES
from acecoder_dagster.questions.test_suites.quality.error_rates import FAILURES, failure_group
from acecoder_dagster.questions.test_suites.quality.tallies import Tally

STRONGEST = 3
"""One in so many models counts as strong: its wrong programs are nearly right, and hardest to refuse."""


def separate_labels(tests: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the tests of calibration questions that are on trial, and the official ones that label programs.

    Args:
        tests: columns of CANDIDATE_TESTS or FILTERED_TESTS.
    """
    is_label = pl.col("origin") == OFFICIAL
    return tests.filter(~is_label), tests.filter(is_label)


def program_tallies(results: pl.DataFrame, tests: pl.DataFrame, without_models: Iterable[str] = ()) -> list[Tally]:
    """Return what labelled programs tell: true positives, true negatives, and how right and wrong ones fail.

    A program is right when it passes all official tests of its question; the other kept tests are on trial. Every pass
    counts, sealed or not: the tests are measured, and no program is rewarded.

    Args:
        results: columns of TEST_RESULTS and `model`; programs with an unusable outcome are left out.
        tests: columns of FILTERED_TESTS.
        without_models: models to leave out, because their programs helped to choose the tests.

    Returns:
        Tallies by question, the first two also for the strongest third of the models alone: a pool of weak ones
        flatters the tests. Only questions with official and other tests count.
    """
    usable = ~pl.any_horizontal(pl.col("outcomes").list.contains(outcome) for outcome in UNUSABLE_OUTCOMES)
    single = (
        results.filter(usable & ~pl.col("model").is_in(list(without_models)))
        .select("program_id", "question_id", "model", "passed", position=pl.int_ranges(0, pl.col("passed").list.len()))
        .explode("passed", "position")
        .join(tests.select("question_id", "position", "origin"), on=["question_id", "position"])
    )
    is_label = pl.col("origin") == OFFICIAL
    programs = (
        single.group_by("question_id", "program_id", "model")
        .agg(
            right=pl.col("passed").filter(is_label).all(),
            labels=is_label.sum(),
            tests=(~is_label).sum(),
            failed=(~pl.col("passed")).filter(~is_label).sum(),
        )
        .filter((pl.col("labels") > 0) & (pl.col("tests") > 0))
        .with_columns(group=failure_group(pl.col("failed"), pl.col("tests")))
    )
    right, wrong = programs.filter("right"), programs.filter(~pl.col("right"))
    tallies = [
        _tally("true_positives", right, pl.col("failed") == 0),
        _tally("true_negatives", wrong, pl.col("failed") > 0),
    ]
    strongest = pl.col("model").is_in(_strongest_models(programs))
    tallies += [
        _tally("true_positives_of_strongest_models", right.filter(strongest), pl.col("failed") == 0),
        _tally("true_negatives_of_strongest_models", wrong.filter(strongest), pl.col("failed") > 0),
    ]
    for number, failures in enumerate(FAILURES):
        tallies.append(_tally(f"right programs that fail {failures}", right, pl.col("group") == number))
        tallies.append(_tally(f"wrong programs that fail {failures}", wrong, pl.col("group") == number))
    return tallies


def _strongest_models(programs: pl.DataFrame) -> list[str]:
    """Return the third of the models, one at least, whose programs are right most often."""
    by_share = programs.group_by("model").agg(pl.col("right").mean()).sort("right", "model", descending=True)
    return by_share["model"].head(max(1, by_share.height // STRONGEST)).to_list()


def _tally(measure: str, programs: pl.DataFrame, good: pl.Expr) -> Tally:
    counts = programs.group_by("question_id").agg(good=good.sum(), total=pl.len()).sort("question_id")
    return Tally(measure, {question: (good, total) for question, good, total in counts.iter_rows()})

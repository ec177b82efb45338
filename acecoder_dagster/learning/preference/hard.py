"""Hard questions for reinforcement learning: neither too easy nor too hard for the model that learns from them."""

import polars as pl

from acecoder_dagster.data.counting import REFUSE, UnsealedPasses, counted_results
from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import HARD_QUESTIONS
from acecoder_dagster.learning.preference.settings import HardQuestionSettings
from acecoder_dagster.learning.preference.usable import usable_verdict

MEAN, STD, PASS_SHARE = pl.col("mean_pass_rate"), pl.col("std_pass_rate"), pl.col("pass_share")


def choose_hard_questions(
    results: pl.DataFrame,
    questions: pl.DataFrame,
    settings: HardQuestionSettings,
    unsealed_passes: UnsealedPasses = REFUSE,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Choose questions of the train and validation splits by the pass rates of their sampled programs.

    The rules:

    - paper: two cuts (section 4.1 and get_hard_data.py). First the mean pass rate is at most its median; then, of these
      questions, the standard deviation is at least its median. Ties with a median are kept, so the share that is chosen
      is not exactly a quarter.
    - released: the same, but pass rates divide by the tests written. So it partly ranks how many tests were filtered.
    - ours: some programs pass every test, and others do not. A question that every program solves, or none, teaches a
      policy nothing; any other does, whatever its spread. If no validation question is like that, all judged ones are
      chosen, because without any no checkpoint could be chosen.

    Args:
        results: Verdicts of sampled programs (`tables.TEST_RESULTS`). Those with an outcome `judge_error` or
            `unstable` are not counted.
        questions: All questions; columns question_id, split.
        settings: The rule.
        unsealed_passes: Whether passes that are not sealed count.

    Returns:
        The questions chosen (`tables.HARD_QUESTIONS`), ordered by id, and a rejected row with the reason for each other
        question (`tables.REJECTED_ROWS`).
    """
    tests = pl.col("tests_written" if settings.rule == "released" else "tests_kept")
    rate = pl.col("tests_passed") / tests
    spread = (
        counted_results(results.with_columns(passes="tests_passed"), unsealed_passes)
        .filter(usable_verdict() & (tests > 0))
        .group_by("question_id")
        .agg(
            mean_pass_rate=rate.mean(),
            std_pass_rate=rate.std(ddof=0),
            pass_share=(pl.col("tests_passed") == pl.col("tests_kept")).mean(),
            refused=(pl.col("passes") - pl.col("tests_passed")).sum(),
        )
    )
    judged = questions.select("question_id", "split").join(spread, on="question_id", how="left")
    reasoned = judged.with_columns(reason=_reason(judged, settings)).sort("question_id")
    return (
        HARD_QUESTIONS.conform(reasoned.filter(pl.col("reason") == "").drop("reason", "refused")),
        _rejected(reasoned.filter(pl.col("reason") != "")),
    )


def _reason(judged: pl.DataFrame, settings: HardQuestionSettings) -> pl.Expr:
    """Return why a question is not chosen, empty where it is."""
    can_be_chosen = (pl.col("split") != "test") & MEAN.is_not_null()
    reason = (
        pl.when(pl.col("split") == "test")
        .then(pl.lit(Reason.HELD_OUT))
        .when(MEAN.is_null())
        .then(pl.lit(Reason.NO_USABLE_VERDICT))
    )
    if settings.rule == "ours":
        between = judged.filter((pl.col("split") == "validation") & (PASS_SHARE > 0) & (PASS_SHARE < 1))
        needed_as_it_is = (pl.col("split") == "validation") & between.is_empty()
        return (
            reason.when(needed_as_it_is)
            .then(pl.lit(""))
            .when((PASS_SHARE == 0) & (pl.col("refused") > 0))
            .then(pl.lit(Reason.PASSES_REFUSED))
            .when(PASS_SHARE == 0)
            .then(pl.lit(Reason.NEVER_SOLVED))
            .when(PASS_SHARE == 1)
            .then(pl.lit(Reason.ALWAYS_SOLVED))
            .otherwise(pl.lit(""))
        )
    median = judged.select(MEAN.filter(can_be_chosen).median()).item()
    harder = pl.lit(median) >= MEAN
    median_spread = judged.select(STD.filter(can_be_chosen & harder).median()).item()
    return (
        reason.when(~harder)
        .then(pl.lit(Reason.EASIER_HALF))
        .when(pl.lit(median_spread) > STD)
        .then(pl.lit(Reason.LITTLE_SPREAD))
        .otherwise(pl.lit(""))
    )


def _rejected(reasoned: pl.DataFrame) -> pl.DataFrame:
    evidence = pl.format(
        "mean pass rate {}, standard deviation {}, share that pass every test {}",
        MEAN.round(3),
        STD.round(3),
        PASS_SHARE.round(3),
    )
    return rejected_rows(
        reasoned,
        HARD_QUESTIONS.name,
        "question",
        pl.col("reason"),
        evidence.fill_null("no pass rate"),
        row_id="question_id",
    )

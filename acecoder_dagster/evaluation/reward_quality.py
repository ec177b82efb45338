"""How good a reward model's scores are beyond best-of-N: accuracy on pairs, calibration, worst mistakes."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from acecoder_dagster.data.counting import REFUSE, UnsealedPasses
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.solved import solved_programs
from acecoder_dagster.evaluation.statistics import bootstrap_mean

GAPS = (0.2, 0.4, 0.6, 0.8)
"""Where the differences between pass rates are cut into buckets; the paper trains on pairs above 0.4."""

PROBABILITY_BINS = 10
WRONG_PAIRS = 10


@dataclass(frozen=True)
class RewardQuality:
    """Figures of a reward model on programs of held-out questions.

    Attributes:
        programs: Columns program_id, question_id, score, pass_rate, solved, characters and relative_score (the score
            minus the mean score of the question).
        accuracy_by_gap: How often two programs of a question are ordered rightly, by the difference of their pass
            rates. Columns gap (text), pairs, questions, accuracy, low, high. Every question counts the same; a tie
            counts half.
        calibration: Of pairs of a right and a wrong program, how often the order of the scores is right (observed), by
            the probability that Bradley-Terry gives for it (predicted, at least 0.5). Columns predicted, observed,
            pairs.
        most_wrong: The worst mistake of each of the questions with the largest mistakes. Columns question,
            right_program, wrong_program, right_score, wrong_score, wrong_pass_rate.
        with_truth: Rank correlation of relative score and relative pass rate.
        with_length: Rank correlation of relative score and length, and of relative pass rate and length. A score that
            follows the length more than pass rates do has learnt the length.
    """

    programs: pl.DataFrame
    accuracy_by_gap: pl.DataFrame
    calibration: pl.DataFrame
    most_wrong: pl.DataFrame
    with_truth: float
    with_length: tuple[float, float]


def reward_quality(
    results: pl.DataFrame,
    scores: pl.DataFrame,
    programs: pl.DataFrame,
    questions: pl.DataFrame,
    settings: EvaluationSettings,
    unsealed_passes: UnsealedPasses = REFUSE,
) -> RewardQuality:
    """Return how good the scores of a reward model are.

    Args:
        results: Verdicts (`tables.TEST_RESULTS`).
        scores: Scores (`tables.PROGRAM_SCORES`).
        programs: Columns program_id and program. Equal programs of a question count once.
        questions: Columns question_id and question.
        settings: How intervals are computed.
        unsealed_passes: Whether passes that are not sealed count.
    """
    scored = (
        solved_programs(results, unsealed_passes)
        .drop("tests_passed", "passed_unsealed")
        .join(scores.select("program_id", "score"), on="program_id")
        .join(programs.select("program_id", "program"), on="program_id")
        .sort("question_id", "program_id")
        .unique(["question_id", "program"], keep="first", maintain_order=True)
        .with_columns(
            characters=pl.col("program").str.len_chars(),
            relative_score=pl.col("score") - pl.col("score").mean().over("question_id"),
            relative_rate=pl.col("pass_rate") - pl.col("pass_rate").mean().over("question_id"),
        )
    )
    pairs = pl.concat([_no_pairs(), *_pairs(scored)])
    return RewardQuality(
        programs=scored.drop("program", "relative_rate"),
        accuracy_by_gap=_accuracy_by_gap(pairs, settings),
        calibration=_calibration(pairs),
        most_wrong=_most_wrong(pairs, scored, questions),
        with_truth=_rank_correlation(scored, "relative_score", "relative_rate"),
        with_length=(
            _rank_correlation(scored, "relative_score", "characters"),
            _rank_correlation(scored, "relative_rate", "characters"),
        ),
    )


def _no_pairs() -> pl.DataFrame:
    integer, real = pl.Int64(), pl.Float64()
    return pl.DataFrame(
        schema={
            "better": integer,
            "worse": integer,
            "gap": real,
            "margin": real,
            "decided": pl.Boolean(),
            "group": integer,
        }
    )


def _pairs(scored: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield, per question, all pairs of programs with different pass rates. Programs are rows of `scored`."""
    offset = 0
    for group, members in enumerate(scored.partition_by("question_id", maintain_order=True)):
        rate, score, solved = (members[name].to_numpy() for name in ("pass_rate", "score", "solved"))
        better, worse = np.nonzero(rate[:, None] > rate)
        yield pl.DataFrame(
            {
                "better": better + offset,
                "worse": worse + offset,
                "gap": rate[better] - rate[worse],
                "margin": score[better] - score[worse],
                "decided": solved[better] & ~solved[worse],
                "group": np.full(len(better), group),
            }
        )
        offset += members.height


def _accuracy_by_gap(pairs: pl.DataFrame, settings: EvaluationSettings) -> pl.DataFrame:
    labels = ["up to 0.2", *(f"{low} to {high}" for low, high in zip(GAPS, (*GAPS[1:], 1.0), strict=True))]
    right = (pl.col("margin") > 0) + 0.5 * (pl.col("margin") == 0)
    # Rounded, or the difference of 0.6 and 0.4 would be above 0.2.
    by_question = (
        pairs.with_columns(right=right, gap=pl.col("gap").round(9).cut(GAPS, labels=labels))
        .group_by("gap", "group")
        .agg(pairs=pl.len(), right=pl.col("right").mean())
        .sort("group")
    )
    rows = []
    for label in labels:
        of_gap = by_question.filter(pl.col("gap") == label)
        if of_gap.height:
            mean = bootstrap_mean(of_gap["right"], settings)
            counts = {"gap": label, "pairs": int(of_gap["pairs"].sum()), "questions": of_gap.height}
            rows.append(counts | {"accuracy": mean.value, "low": mean.low, "high": mean.high})
    schema = {"gap": pl.String, "pairs": pl.Int64, "questions": pl.Int64}
    return pl.DataFrame(rows, schema={**schema, **dict.fromkeys(("accuracy", "low", "high"), pl.Float64)})


def _calibration(pairs: pl.DataFrame) -> pl.DataFrame:
    predicted = 1 / (1 + (-pl.col("margin").abs()).exp())
    width = 0.5 / PROBABILITY_BINS
    return (
        pairs.filter("decided")
        .select(predicted=predicted, right=(pl.col("margin") > 0) + 0.5 * (pl.col("margin") == 0))
        .with_columns(bin=((pl.col("predicted") - 0.5) / width).floor().clip(0, PROBABILITY_BINS - 1))
        .group_by("bin")
        .agg(pl.col("predicted").mean(), observed=pl.col("right").mean(), pairs=pl.len().cast(pl.Int64))
        .sort("bin")
        .drop("bin")
    )


def _most_wrong(pairs: pl.DataFrame, scored: pl.DataFrame, questions: pl.DataFrame) -> pl.DataFrame:
    worst = (
        pairs.filter("decided", pl.col("margin") < 0)
        .sort("margin", "better", "worse")
        .unique("group", keep="first", maintain_order=True)
        .head(WRONG_PAIRS)
    )
    right, wrong = scored[worst["better"]], scored[worst["worse"]]
    texts = dict(questions.select("question_id", "question").iter_rows())
    return pl.DataFrame(
        {
            "question": pl.Series([texts[question_id] for question_id in right["question_id"]], dtype=pl.String),
            "right_program": right["program"],
            "wrong_program": wrong["program"],
            "right_score": right["score"],
            "wrong_score": wrong["score"],
            "wrong_pass_rate": wrong["pass_rate"],
        }
    )


def _rank_correlation(rows: pl.DataFrame, one: str, other: str) -> float:
    """Return Spearman's correlation; NaN where one of the columns does not vary."""
    return float(rows.select(pl.corr(one, other, method="spearman")).item())

"""Ways to choose one of N drawn programs, and the chance that the chosen one is right."""

import zlib

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acecoder_dagster.evaluation.statistics import log_choose

Floats = NDArray[np.float64]

DRAWS = 200
"""Random draws of N programs per question for majorities; the standard error of a question is at most 0.035."""


def chosen_by_rank(programs: pl.DataFrame, by: str, n: int) -> pl.DataFrame:
    """Return, per question, the chance that the highest of n drawn programs is right, over all ways to draw n.

    Ties are broken at random. So each of the tied programs counts with the share of right ones among them.

    Args:
        programs: Columns question_id, program_id, solved and `by`, ordered by the first two; at least n per question.
        by: The column that ranks programs; null ranks last.
        n: Number of programs drawn.

    Returns:
        Columns question_id and solved.
    """
    of_question = pl.col("question_id")
    ranked = programs.select(
        "question_id",
        expected=pl.col("solved").mean().over("question_id", by),
        rank=pl.col(by).fill_null(-np.inf).rank("ordinal", descending=True).over(of_question).cast(pl.Int64) - 1,
        programs=pl.len().over(of_question).cast(pl.Int64),
    )
    # Of all draws of n programs, this one is the best in those whose other n - 1 programs rank behind it.
    size, rank = ranked["programs"].to_numpy(), ranked["rank"].to_numpy()
    chosen = np.exp(log_choose(size - 1 - rank, n - 1) - log_choose(size, n))
    return (
        ranked.with_columns(chosen=chosen)
        .group_by("question_id", maintain_order=True)
        .agg(solved=(pl.col("expected") * pl.col("chosen")).sum())
    )


def chosen_by_majority(programs: pl.DataFrame, n: int, seed: int) -> pl.DataFrame:
    """Return, per question, the chance that a program with the most frequent behaviour of n drawn ones is right.

    Programs without an observed behaviour are not counted, unless no drawn program has one. Equally frequent behaviours
    are chosen equally often.

    Args:
        programs: Columns question_id, solved and behaviour, ordered by question; at least n per question.
        n: Number of programs drawn.
        seed: Seed of the draws. The draws of a question do not depend on the other questions.

    Returns:
        Columns question_id and solved.
    """
    rows = []
    for (question_id,), members in programs.group_by("question_id", maintain_order=True):
        generator = np.random.default_rng([seed, zlib.crc32(str(question_id).encode())])
        number = members["behaviour"].rank("dense").fill_null(0).to_numpy().astype(np.int64)
        rows.append((question_id, _majority(number, members["solved"].to_numpy(), n, generator)))
    return pl.DataFrame(rows, schema={"question_id": pl.String(), "solved": pl.Float64()}, orient="row")


def _majority(behaviour: NDArray[np.int64], solved: NDArray[np.bool_], n: int, generator: np.random.Generator) -> float:
    """Return the chance for one question; behaviours are numbered from 1, and 0 is none."""
    size = len(behaviour)
    if n == 1:
        return float(solved.mean())
    draws = DRAWS if n < size else 1
    drawn = generator.permuted(np.tile(np.arange(size), (draws, 1)), axis=1)[:, :n]
    member = np.eye(behaviour.max() + 1)[behaviour[drawn]]
    votes, right = member.sum(axis=1), (member * solved[drawn][:, :, None]).sum(axis=1)
    counted = votes.copy()
    counted[:, 0] = 0.0
    winners = (counted == counted.max(axis=1, keepdims=True)) & (votes > 0)
    shares: Floats = np.divide(right, votes, out=np.zeros_like(right), where=votes > 0)
    return float(((shares * winners).sum(axis=1) / winners.sum(axis=1)).mean())

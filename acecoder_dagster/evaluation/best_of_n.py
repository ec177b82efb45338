"""Best-of-N: does the reward model find the programs that pass?"""

import numpy as np
import polars as pl

from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.solved import solved_programs
from acecoder_dagster.evaluation.statistics import log_choose, pass_at_k, solved_and_gain
from acecoder_dagster.tables import BEST_OF_N

METHODS = ("average", "reward_model", "oracle")


def best_of_n(results: pl.DataFrame, scores: pl.DataFrame, settings: EvaluationSettings) -> pl.DataFrame:
    """Return the share of questions solved when one of N programs is chosen, per N and method.

    The value of a question is the exact expectation over all ways to draw N of its M scored programs without
    replacement, so it depends on no order of sampling and no luck:
        average: any of the N, the same as pass@1;
        reward_model: the one with the highest score, ties broken at random;
        oracle: one that passes if there is one, the same as pass@N.

    Args:
        results: Verdicts of the programs (`tables.TEST_RESULTS`); programs without a score do not count.
        scores: Reward-model scores of programs of held-out questions (`tables.PROGRAM_SCORES`).
        settings: N, and how the intervals are made.

    Returns:
        Rows of `tables.BEST_OF_N`. An N for which no question has enough programs has no row.

    Raises:
        ValueError: when no scored program has a verdict, or a score is not a number.
    """
    broken = scores.filter(~pl.col("score").is_finite())
    if broken.height:
        raise ValueError(
            f"the score of program {broken['program_id'][0]} is {broken['score'][0]}: train the model again"
        )
    scored = solved_programs(results).join(scores.select("program_id", "score"), on="program_id")
    if scored.is_empty():
        raise ValueError("no program has both a verdict and a score: were the held-out questions scored?")
    ranked = _ranked(scored)
    rows = [row for n in sorted(set(settings.best_of)) for row in _rows(ranked, n, settings)]
    return BEST_OF_N.conform(pl.DataFrame(rows, schema=BEST_OF_N.schema))


def _ranked(scored: pl.DataFrame) -> pl.DataFrame:
    """Return the programs with their rank by score within the question, from 0, and their number.

    Among equal scores each program takes every place equally often, which is the same as everyone being solved as
    often as the tied ones are on average.
    """
    by_question = pl.col("question_id")
    # A fixed order of the programs is a fixed order of the sums, which the last digit depends on.
    return scored.sort("question_id", "program_id").select(
        "question_id",
        "solved",
        expected=pl.col("solved").mean().over("question_id", "score"),
        rank=pl.col("score").rank("ordinal", descending=True).over(by_question).cast(pl.Int64) - 1,
        programs=pl.len().over(by_question).cast(pl.Int64),
    )


def _rows(ranked: pl.DataFrame, n: int, settings: EvaluationSettings) -> list[dict[str, object]]:
    """Return the rows of one N."""
    enough = ranked.filter(pl.col("programs") >= n)
    if enough.is_empty():
        return []
    # Of all draws of N, those in which the program of this rank is the best hold N - 1 of the programs behind it.
    programs, rank = enough["programs"].to_numpy(), enough["rank"].to_numpy()
    chosen = np.exp(log_choose(programs - 1 - rank, n - 1) - log_choose(programs, n))
    questions = (
        enough.with_columns(chosen=chosen)
        .group_by("question_id", maintain_order=True)
        .agg(
            programs=pl.len(),
            passed=pl.col("solved").sum(),
            average=pl.col("solved").mean(),
            reward_model=(pl.col("expected") * pl.col("chosen")).sum(),
        )
        .sort("question_id")
    )
    questions = questions.with_columns(oracle=pass_at_k(questions["programs"], questions["passed"], n))
    return [
        {"n": n, "method": method, **solved_and_gain(questions[method], questions["average"], settings)}
        for method in METHODS
    ]

"""How often policies solve held-out questions, compared with the policy that they were trained from."""

from functools import reduce

import polars as pl

from acecoder_dagster.data.tables import BENCHMARK_SCORES
from acecoder_dagster.evaluation.errors import EvaluationError
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.solved import solved_programs
from acecoder_dagster.evaluation.statistics import pass_at_k, solved_and_gain


def benchmark_scores(
    results: pl.DataFrame, programs: pl.DataFrame, baseline: str, settings: EvaluationSettings
) -> pl.DataFrame:
    """Return pass@k of every model, and its gain over the baseline, paired by question.

    All models are compared on the same questions: those for which every model has at least k judged programs.

    Args:
        results: Verdicts of the models' programs (`tables.POLICY_RESULTS`).
        programs: The programs (`tables.POLICY_PROGRAMS`); columns program_id, model.
        baseline: Name of the model before training.
        settings: The values of k, and how intervals are computed.

    Returns:
        Rows of `tables.BENCHMARK_SCORES`, the baseline first.

    Raises:
        EvaluationError: The baseline has no judged program, or for some k no question has enough programs.
    """
    per_question = (
        solved_programs(results)
        .join(programs.select("program_id", "model"), on="program_id")
        .group_by("model", "question_id")
        .agg(programs=pl.len(), passed=pl.col("solved").sum())
        .sort("question_id")
    )
    models = sorted(per_question["model"].unique())
    if baseline not in models:
        raise EvaluationError(f"There is no judged program of the baseline {baseline!r}, only of {models}.")
    models = [baseline, *(model for model in models if model != baseline)]
    rows = [row for k in sorted(set(settings.pass_at)) for row in _rows(per_question, models, k, settings)]
    return BENCHMARK_SCORES.conform(pl.DataFrame(rows, schema=BENCHMARK_SCORES.schema))


def _rows(
    per_question: pl.DataFrame, models: list[str], k: int, settings: EvaluationSettings
) -> list[dict[str, object]]:
    """Return the rows of one k; the first model is the baseline."""
    chances = [_chances(per_question.filter(pl.col("model") == model), model, k) for model in models]
    questions = reduce(lambda left, right: left.join(right, on="question_id"), chances).sort("question_id")
    if questions.is_empty():
        raise EvaluationError(f"pass@{k}: no question has {k} judged programs of each of {', '.join(models)}.")
    return [
        {"model": model, "metric": f"pass@{k}", **solved_and_gain(questions[model], questions[models[0]], settings)}
        for model in models
    ]


def _chances(of_model: pl.DataFrame, model: str, k: int) -> pl.DataFrame:
    enough = of_model.filter(pl.col("programs") >= k)
    return enough.select("question_id", pl.Series(model, pass_at_k(enough["programs"], enough["passed"], k)))

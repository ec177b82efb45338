"""How often policies solve held-out questions, compared with the policy that they were trained from."""

from collections.abc import Iterator

import polars as pl

from acecoder_dagster.data.counting import REFUSE, UnsealedPasses, unsealed_share
from acecoder_dagster.data.tables import BENCHMARK_SCORES
from acecoder_dagster.evaluation.errors import EvaluationError
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.solved import solved_programs
from acecoder_dagster.evaluation.statistics import pass_at_k, solved_and_gain


def benchmark_scores(
    results: pl.DataFrame,
    programs: pl.DataFrame,
    baseline: str,
    settings: EvaluationSettings,
    unsealed_passes: UnsealedPasses = REFUSE,
) -> pl.DataFrame:
    """Return pass@k of every model, and its gain over the baseline, paired by question.

    All models are compared on the same questions: those for which every model has at least k judged programs.

    Args:
        results: Verdicts of the models' programs (`tables.POLICY_RESULTS`).
        programs: The programs (`tables.POLICY_PROGRAMS`); columns program_id, model.
        baseline: Name of the model before training.
        settings: The values of k, and how intervals are computed.
        unsealed_passes: Whether passes that are not sealed count. Benchmarks count every pass, so that value is given
            too.

    Returns:
        Rows of `tables.BENCHMARK_SCORES`, the baseline first.

    Raises:
        EvaluationError: The baseline has no judged program, or for some k no question has enough programs.
    """
    every_pass = solved_programs(results, "count").select(
        "program_id", "passed_unsealed", with_unsealed="solved", passes="tests_passed"
    )
    per_question = (
        solved_programs(results, unsealed_passes)
        .select("program_id", "question_id", "solved")
        .join(every_pass, on="program_id")
        .join(programs.select("program_id", "model"), on="program_id")
        .group_by("model", "question_id")
        .agg(pl.col("solved", "with_unsealed", "passes", "passed_unsealed").sum(), programs=pl.len())
        .sort("question_id")
    )
    models = sorted(per_question["model"].unique())
    if baseline not in models:
        raise EvaluationError(
            f"There is no judged program of the baseline {baseline!r} for held-out questions, only of "
            f"{', '.join(models) or 'no model'}. For questions that were imported with programs, no other is sampled: "
            "import them again with --without-programs (in an import.toml with_programs = false), or name a model "
            "whose programs they brought as base_policy.model."
        )
    models = [baseline, *(model for model in models if model != baseline)]
    rows = [row for k in sorted(set(settings.pass_at)) for row in _rows(per_question, models, k, settings)]
    return BENCHMARK_SCORES.conform(pl.DataFrame(rows, schema=BENCHMARK_SCORES.schema))


def _rows(
    per_question: pl.DataFrame, models: list[str], k: int, settings: EvaluationSettings
) -> Iterator[dict[str, object]]:
    """Yield the rows of one k; the first model is the baseline."""
    enough = per_question.filter(pl.col("programs") >= k)
    of_all = enough.group_by("question_id").len().filter(pl.col("len") == len(models))
    compared = enough.join(of_all, on="question_id", how="semi", maintain_order="left")
    if compared.is_empty():
        raise EvaluationError(f"pass@{k}: no question has {k} judged programs of each of {', '.join(models)}.")
    by_model = {model: compared.filter(pl.col("model") == model) for model in models}
    baseline = _chances(by_model[models[0]], "solved", k)
    for model, questions in by_model.items():
        yield {
            "model": model,
            "metric": f"pass@{k}",
            **solved_and_gain(_chances(questions, "solved", k), baseline, settings),
            "with_unsealed": _chances(questions, "with_unsealed", k).mean(),
            "unsealed_share": unsealed_share(int(questions["passes"].sum()), int(questions["passed_unsealed"].sum())),
        }


def _chances(questions: pl.DataFrame, solved: str, k: int) -> pl.Series:
    return pl.Series(pass_at_k(questions["programs"], questions[solved], k))

"""Best-of-N: does the reward model find the programs that pass, and would something simpler?"""

from collections.abc import Iterator

import polars as pl

from acecoder_dagster.data.tables import BEST_OF_N
from acecoder_dagster.evaluation.choosing import chosen_by_majority, chosen_by_rank
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.solved import observed_programs
from acecoder_dagster.evaluation.statistics import pass_at_k, solved_and_gain


def best_of_n(
    results: pl.DataFrame,
    scores: pl.DataFrame,
    programs: pl.DataFrame,
    tests: pl.DataFrame,
    settings: EvaluationSettings,
) -> pl.DataFrame:
    """Return the share of questions solved when one of N programs is chosen, per N and method.

    The value of a question is the expectation over all ways to draw N of its M scored programs without replacement, so
    it depends on no order of sampling and no luck (of majorities: the mean over 200 draws):
        greedy: what the models of the N write at temperature 0, which is none of the N; where there is such;
        average: any of the N, the same as pass@1;
        majority: one whose outcomes on the tests are the most frequent among the N;
        generated_tests: the one that passes most tests that models wrote; where questions have such besides official
            ones, which then alone decide what is right (see `solved.observed_programs`);
        reward_model: the one with the highest score, ties broken at random;
        oracle: one that passes if there is one, the same as pass@N.

    Args:
        results: Verdicts of the programs (`tables.TEST_RESULTS`); programs without a score do not count.
        scores: Reward-model scores of programs of held-out questions (`tables.PROGRAM_SCORES`).
        programs: Columns program_id, question_id, model, temperature.
        tests: Kept tests of these questions (`tables.FILTERED_TESTS`).
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
    observed = observed_programs(results, tests).join(
        scores.select("program_id", "score"), on="program_id", maintain_order="left"
    )
    is_greedy = pl.col("program_id").is_in(_greedy(programs).implode())
    scored = observed.filter(~is_greedy)
    if scored.is_empty():
        raise ValueError("no program has both a verdict and a score: were the held-out questions scored?")
    greedy = observed.filter(is_greedy).group_by("question_id").agg(pl.col("solved").mean())
    rows = [row for n in sorted(set(settings.best_of)) for row in _rows(scored, greedy, n, settings)]
    return BEST_OF_N.conform(pl.DataFrame(rows, schema=BEST_OF_N.schema))


def _greedy(programs: pl.DataFrame) -> pl.Series:
    """Return the ids of programs at temperature 0 of models that wrote others for the same question.

    Where all programs are at temperature 0, each of another model, they are the N.
    """
    hot = (pl.col("temperature") > 0).any().over("question_id", "model")
    return programs.filter((pl.col("temperature") == 0) & hot)["program_id"]


def _rows(
    scored: pl.DataFrame, greedy: pl.DataFrame, n: int, settings: EvaluationSettings
) -> Iterator[dict[str, object]]:
    """Yield the rows of one N."""
    # A fixed order of the programs is a fixed order of the sums, which the last digit depends on.
    enough = scored.filter(pl.len().over("question_id") >= n).sort("question_id", "program_id")
    if enough.is_empty():
        return
    questions = enough.group_by("question_id", maintain_order=True).agg(
        programs=pl.len(), passed=pl.col("solved").sum(), average=pl.col("solved").mean()
    )
    average = questions.select("question_id", "average")
    methods = {"average": average.rename({"average": "solved"})}
    if greedy.height:
        methods["greedy"] = greedy
    methods["majority"] = chosen_by_majority(enough, n, settings.seed)
    if enough["generated_passed"].is_not_null().any():
        methods["generated_tests"] = chosen_by_rank(enough, "generated_passed", n)
    methods["reward_model"] = chosen_by_rank(enough, "score", n)
    oracle = pass_at_k(questions["programs"], questions["passed"], n)
    methods["oracle"] = questions.select("question_id", solved=oracle)
    for method, solved in methods.items():
        both = average.join(solved, on="question_id", maintain_order="left")
        if both.height:
            yield {"n": n, "method": method, **solved_and_gain(both["solved"], both["average"], settings)}


def best_counted(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of the N at which each method is best: how the paper's headline counts (Table 2).

    The best of several N is larger than any N would give on new questions; a fixed N is what one can rely on.

    Args:
        rows: Rows of `tables.BEST_OF_N`.
    """
    return rows.sort("solved", "n", descending=[True, False]).unique("method", keep="first", maintain_order=True)

"""Best-of-N: of N programs, does the reward model choose one that is right, and would a simpler method?"""

from collections.abc import Iterator

import polars as pl

from acecoder_dagster.data.counting import REFUSE, UnsealedPasses
from acecoder_dagster.data.tables import BEST_OF_N
from acecoder_dagster.evaluation.choosing import chosen_by_majority, chosen_by_rank
from acecoder_dagster.evaluation.errors import EvaluationError
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.solved import observed_programs
from acecoder_dagster.evaluation.statistics import pass_at_k, solved_and_gain


def best_of_n(
    results: pl.DataFrame,
    scores: pl.DataFrame,
    programs: pl.DataFrame,
    tests: pl.DataFrame,
    settings: EvaluationSettings,
    unsealed_passes: UnsealedPasses = REFUSE,
) -> pl.DataFrame:
    """Return the share of questions solved when one of N programs is chosen, for each N and method.

    The value of a question is the expectation over all ways to draw N of its scored programs without replacement. So it
    depends neither on the order of sampling nor on luck (for majorities it is the mean over 200 draws). The methods:

    - average: any of the N; the same as pass@1.
    - greedy: the program that the models of the N wrote at temperature 0, where there is one. It is not one of the N.
    - majority: a program whose outcomes on the tests are the most frequent ones among the N.
    - generated_tests: the program that passes most of the tests that models wrote. It needs questions that also have
      official tests, which then alone decide what is right (see `solved.observed_programs`).
    - reward_model: the program with the highest score; ties are broken at random.
    - oracle: a program that passes, if there is one; the same as pass@N.

    Args:
        results: Verdicts (`tables.TEST_RESULTS`); programs without a score are not counted.
        scores: Reward-model scores of programs of held-out questions (`tables.PROGRAM_SCORES`).
        programs: Columns program_id, question_id, model, temperature.
        tests: Kept tests of these questions (`tables.FILTERED_TESTS`).
        settings: The values of N, and how intervals are computed.
        unsealed_passes: Whether passes that are not sealed count.

    Returns:
        Rows of `tables.BEST_OF_N`. An N for which no question has enough programs has no row.

    Raises:
        EvaluationError: No program has both a verdict and a score, or a score is not a number.
    """
    broken = scores.filter(~pl.col("score").is_finite())
    if broken.height:
        raise EvaluationError(
            f"The score of program {broken['program_id'][0]} is {broken['score'][0]}: train the reward model again."
        )
    observed = observed_programs(results, tests, unsealed_passes).join(
        scores.select("program_id", "score"), on="program_id", maintain_order="left"
    )
    is_greedy = pl.col("program_id").is_in(_greedy(programs).implode())
    scored = observed.filter(~is_greedy)
    if scored.is_empty():
        raise EvaluationError("No program has both a verdict and a score: were the held-out questions scored?")
    greedy = observed.filter(is_greedy).group_by("question_id").agg(pl.col("solved").mean())
    rows = [row for n in sorted(set(settings.best_of)) for row in _rows(scored, greedy, n, settings)]
    return BEST_OF_N.conform(pl.DataFrame(rows, schema=BEST_OF_N.schema))


def _greedy(programs: pl.DataFrame) -> pl.Series:
    """Return the ids of programs that a model wrote at temperature 0 beside others for the same question.

    A model that wrote only at temperature 0 has no greedy program: its program is one of the N.
    """
    sampled_too = (pl.col("temperature") > 0).any().over("question_id", "model")
    return programs.filter((pl.col("temperature") == 0) & sampled_too)["program_id"]


def _rows(
    scored: pl.DataFrame, greedy: pl.DataFrame, n: int, settings: EvaluationSettings
) -> Iterator[dict[str, object]]:
    """Yield the rows of one N."""
    # The last digit of a sum depends on the order of its terms, so programs are put in a fixed order.
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
    """Return each method's row at the N where it is best, as the paper's headline counts (Table 2).

    Such a maximum is too high: on new questions no N gives that much on average. A fixed N has no such bias.

    Args:
        rows: Rows of `tables.BEST_OF_N`.
    """
    return rows.sort("solved", "n", descending=[True, False]).unique("method", keep="first", maintain_order=True)

"""Which candidate tests are kept, by the verdicts of oracle programs: the paper's rule, the released one, ours."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from acecoder_dagster.data.reasons import Reason
from acecoder_dagster.data.rejections import rejected_rows
from acecoder_dagster.data.tables import FILTERED_TESTS
from acecoder_dagster.judge import Outcome
from acecoder_dagster.questions.test_suites.choosing.agreement import CERTAIN, Ballot, agree
from acecoder_dagster.questions.test_suites.choosing.oracles import MODEL
from acecoder_dagster.questions.test_suites.choosing.policies import TestPolicy

FORBIDDEN = (
    "threading",
    "multiprocess",
    "import os",
    "from os",
    "shutil",
    "import torch",
    "from torch",
    "import sklearn",
    "from sklearn",
)
"""A program with any of these texts fails every test in the released code, wherever they stand."""

COUNTED_TESTS = 64
"""The released code keeps the outcomes of a program in the bits of one whole number."""

LAST = 1_000_000
"""More than there are tests of a question."""

ORACLE_REASONS = {
    outcome.value: "" if outcome is Outcome.PASSED else Reason(f"oracle_{outcome}").value for outcome in Outcome
}
"""Why a test is not kept, by the outcome of the oracle program in it; empty where it is kept."""

ENDING_OUTCOMES = ("cpu_timeout", "wall_timeout", "memory", "crashed")


@dataclass(frozen=True)
class FilteredTests:
    """Kept tests and rejected ones; candidate tests = kept + rejected."""

    kept: pl.DataFrame
    rejected: pl.DataFrame

    def of(self, questions: pl.DataFrame) -> "FilteredTests":
        """Return the tests of some questions (column question_id)."""
        return FilteredTests(
            *(each.join(questions, on="question_id", how="semi") for each in (self.kept, self.rejected))
        )

    def with_labels(self, labels: pl.DataFrame) -> "FilteredTests":
        """Return the same with tests added that are kept unasked, after the others of their question.

        Args:
            labels: columns of CANDIDATE_TESTS.
        """
        added = labels.with_columns(pl.col("position") + LAST).select(list(FILTERED_TESTS.schema))
        both = pl.concat([self.kept, added]).sort("question_id", "position")
        positions = pl.int_range(pl.len()).over("question_id")
        return FilteredTests(FILTERED_TESTS.conform(both.with_columns(position=positions)), self.rejected)


def filter_tests(
    candidates: pl.DataFrame,
    oracle_results: pl.DataFrame | None,
    min_tests: int,
    policy: TestPolicy = "reference",
    oracles: pl.DataFrame | None = None,
) -> FilteredTests:
    """Keep the tests that the policy allows, and the questions that have enough of them.

    Args:
        candidates: columns of CANDIDATE_TESTS.
        oracle_results: columns of TEST_RESULTS, outcomes in the order of `position` of the candidate tests; None when
            the tests are trusted as they come. Every pass counts, sealed or not: it chooses tests and earns nothing.
        min_tests: questions with fewer kept tests lose them all (the paper: 5).
        policy: see `policies.TestPolicy`.
        oracles: the programs judged (columns of ORACLE_PROGRAMS), for the policies that ask who wrote what.

    Returns:
        Kept tests (columns of FILTERED_TESTS, positions counted anew) and rejected ones with the reason.
    """
    judged = candidates.with_columns(reason=pl.lit(""))
    if oracle_results is not None and policy != "trusted":
        decided = _decide(candidates, oracle_results, policy, oracles)
        judged = candidates.join(decided, on=["question_id", "position"], how="left").with_columns(
            pl.col("reason").fill_null(pl.lit(Reason.NO_ORACLE_PROGRAM))
        )
    passed = judged.filter(pl.col("reason") == "")
    enough = passed.filter(pl.len().over("question_id") >= min_tests)
    too_few = passed.join(enough, on="test_id", how="anti")
    kept = enough.sort("question_id", "position").with_columns(
        position=pl.int_range(pl.len()).over("question_id"),
    )
    rejected = pl.concat(
        [
            rejected_tests(judged.filter(pl.col("reason") != ""), pl.col("reason")),
            rejected_tests(too_few, Reason.TOO_FEW_TESTS),
        ]
    )
    return FilteredTests(FILTERED_TESTS.conform(kept.select(list(FILTERED_TESTS.schema))), rejected)


def rejected_tests(tests: pl.DataFrame, reason: Reason | pl.Expr) -> pl.DataFrame:
    """Return tests as rejected rows (columns of REJECTED_ROWS)."""
    return rejected_rows(tests, FILTERED_TESTS.name, "test", reason, pl.col("test"), row_id="test_id")


def _outcomes(candidates: pl.DataFrame, results: pl.DataFrame) -> pl.DataFrame:
    """Return program_id, question_id, position and outcome of every judged candidate, programs by programs in order."""
    single = results.select(
        "program_id", "question_id", outcome="outcomes", position=pl.int_ranges(0, pl.col("outcomes").list.len())
    ).explode("outcome", "position")
    return single.join(
        candidates.select("question_id", "position"), on=["question_id", "position"], maintain_order="left"
    )


def _decide(
    candidates: pl.DataFrame, results: pl.DataFrame, policy: TestPolicy, oracles: pl.DataFrame | None
) -> pl.DataFrame:
    """Return question_id, position and reason; the reason is empty where the test is kept."""
    outcomes = _outcomes(candidates, results)
    if oracles is not None:
        if policy == "agreement":
            return _by_agreement(outcomes, candidates, oracles)
        if policy == "released":
            outcomes = _as_released(outcomes, oracles)
        else:
            # Of several oracle programs the first decides; beside a reference the others only look on.
            first = pl.col("model") == MODEL if policy == "reference" else pl.col("sample_index") >= 0
            deciding = oracles.filter(first).sort("question_id", "model", "sample_index")
            deciding = deciding.unique("question_id", keep="first")
            outcomes = outcomes.join(deciding.select("program_id"), on="program_id", maintain_order="left")
    return outcomes.group_by("question_id", "position", maintain_order=True).agg(
        reason=pl.when((pl.col("outcome") == "passed").any())
        .then(pl.lit(""))
        .otherwise(pl.col("outcome").first().replace_strict(ORACLE_REASONS, return_dtype=pl.String))
    )


def _as_released(outcomes: pl.DataFrame, oracles: pl.DataFrame) -> pl.DataFrame:
    """Return the outcomes as the released executor would have them."""
    forbidden = pl.any_horizontal(pl.col("program").str.contains(text, literal=True) for text in FORBIDDEN)
    denied = oracles.filter(forbidden)["program_id"].implode()
    ended = pl.col("outcome").is_in(ENDING_OUTCOMES).cum_max().over("program_id", order_by="position")
    lost = pl.col("program_id").is_in(denied) | ended | (pl.col("position") >= COUNTED_TESTS)
    failed = lost & (pl.col("outcome") == "passed")
    return outcomes.with_columns(outcome=pl.when(failed).then(pl.lit("failed")).otherwise("outcome"))


def _by_agreement(outcomes: pl.DataFrame, candidates: pl.DataFrame, oracles: pl.DataFrame) -> pl.DataFrame:
    """Return the decisions of dual agreement on every question's tests."""
    by_program = outcomes.sort("question_id", "program_id", "position").group_by(
        "question_id", "program_id", maintain_order=True
    )
    judged = by_program.agg("position", passed=pl.col("outcome") == "passed").join(
        oracles.select("program_id", "model"), on="program_id", maintain_order="left"
    )
    writers = {
        (question, position): frozenset({origin})
        for question, position, origin in candidates.select("question_id", "position", "origin").iter_rows()
    }
    ballots: dict[str, Ballot] = {}
    positions: dict[str, list[int]] = {}
    for (key,), programs in judged.group_by("question_id", maintain_order=True):
        question = str(key)
        positions[question] = programs["position"][0].to_list()
        ballots[question] = Ballot(
            np.array(programs["passed"].to_list(), dtype=np.bool_),
            programs["model"].to_list(),
            [writers[question, position] for position in positions[question]],
        )
    rows = [
        (question, position, _agreement_reason(probability, agreement.confidence))
        for question, agreement in agree(ballots).items()
        for position, probability in zip(positions[question], agreement.probabilities, strict=True)
    ]
    schema = {"question_id": pl.String, "position": pl.Int64, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _agreement_reason(probability: float, confidence: float) -> str:
    if probability <= 1 - CERTAIN:
        return Reason.AGREEMENT_REFUTED
    if probability < CERTAIN:
        return Reason.AGREEMENT_CONTESTED
    return "" if confidence >= CERTAIN else Reason.PROGRAMS_DISAGREE

"""Which candidate tests are kept, by the verdicts of oracle programs: the paper's rule, the released one, ours."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from acecoder_dagster.synthesis.agreement import CERTAIN, agree
from acecoder_dagster.tables import FILTERED_TESTS, REJECTED_ROWS

STAGE = "filtered_tests"

Policy = Literal["reference", "paper", "released", "agreement", "trusted"]
"""How the verdicts of oracle programs decide.

reference: a trusted program; what it fails goes.
paper: one greedy program of a strong model stands for the truth (section 3.1); what it fails goes.
released: the same as the released code does it (`EvaluateInferencedCode.py`): what follows a hang fails too, so does
    every test of a program with one of the forbidden words in it, and every test after the 64th. Of several programs
    one that passes is enough (`consolidate_dataset.py`).
agreement: several programs of one or more models; a test is kept where they make its expected value probable, set
    aside where they contest it (`synthesis.agreement`).
trusted: nothing is judged; for tests that their publisher filtered.
"""

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

ENDING_OUTCOMES = ("cpu_timeout", "wall_timeout", "memory", "crashed")


@dataclass(frozen=True)
class FilteredTests:
    """Kept tests and rejected ones; candidate tests = kept + rejected."""

    kept: pl.DataFrame
    rejected: pl.DataFrame


def filter_tests(
    candidates: pl.DataFrame,
    oracle_results: pl.DataFrame | None,
    min_tests: int,
    policy: Policy = "reference",
    oracles: pl.DataFrame | None = None,
) -> FilteredTests:
    """Keep the tests that the policy allows, and the questions that have enough of them.

    Args:
        candidates: columns of CANDIDATE_TESTS.
        oracle_results: columns of TEST_RESULTS, outcomes in the order of `position` of the candidate tests; None when
            the tests are trusted as they come.
        min_tests: questions with fewer kept tests lose them all (the paper: 5).
        policy: see `Policy`.
        oracles: the programs judged (columns of ORACLE_PROGRAMS), for the policies that ask who wrote what.

    Returns:
        Kept tests (columns of FILTERED_TESTS, positions counted anew) and rejected ones with the reason.
    """
    judged = candidates.with_columns(reason=pl.lit(""))
    if oracle_results is not None and policy != "trusted":
        decided = _decide(oracle_results, policy, oracles)
        judged = candidates.join(decided, on=["question_id", "position"], how="left").with_columns(
            pl.col("reason").fill_null("oracle: no oracle program")
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
            rejected_tests(too_few, pl.lit(f"fewer than {min_tests} tests of its question are left")),
        ]
    )
    return FilteredTests(FILTERED_TESTS.conform(kept.select(list(FILTERED_TESTS.schema))), rejected)


def rejected_tests(tests: pl.DataFrame, reason: pl.Expr) -> pl.DataFrame:
    """Return tests as rejected rows (columns of REJECTED_ROWS)."""
    return tests.select(
        stage=pl.lit(STAGE),
        row_kind=pl.lit("test"),
        row_id="test_id",
        question_id="question_id",
        reason=reason,
        evidence=pl.col("test").str.slice(0, 500),
    ).cast(dict(REJECTED_ROWS.schema))  # type: ignore[arg-type]


def _decide(results: pl.DataFrame, policy: Policy, oracles: pl.DataFrame | None) -> pl.DataFrame:
    """Return question_id, position and reason; the reason is empty where the test is kept."""
    if policy == "agreement":
        return _by_agreement(results, oracles)
    if policy == "released" and oracles is not None:
        results = _as_released(results, oracles)
    if policy == "paper" and oracles is not None:
        first = oracles.sort("question_id", "model", "sample_index").unique("question_id", keep="first")
        results = results.join(first.select("program_id"), on="program_id", how="semi")
    return (
        results.select("question_id", "outcomes", position=pl.int_ranges(0, pl.col("outcomes").list.len()))
        .explode("outcomes", "position")
        .filter(pl.col("position").is_not_null())
        .group_by("question_id", "position", maintain_order=True)
        .agg(
            reason=pl.when((pl.col("outcomes") == "passed").any())
            .then(pl.lit(""))
            .otherwise(pl.format("oracle: {}", pl.col("outcomes").first()))
        )
    )


def _as_released(results: pl.DataFrame, oracles: pl.DataFrame) -> pl.DataFrame:
    """Return the results as the released executor would have them."""
    forbidden = pl.any_horizontal(pl.col("program").str.contains(text, literal=True) for text in FORBIDDEN)
    denied = set(oracles.filter(forbidden)["program_id"])
    outcomes = []
    for program, of_tests in results.select("program_id", "outcomes").iter_rows():
        ended = next((n for n, outcome in enumerate(of_tests) if outcome in ENDING_OUTCOMES), len(of_tests))
        counted = 0 if program in denied else min(ended, COUNTED_TESTS)
        failed = [outcome if outcome != "passed" else "failed" for outcome in of_tests[counted:]]
        outcomes.append(of_tests[:counted] + failed)
    return results.with_columns(outcomes=pl.Series(outcomes, dtype=pl.List(pl.String)))


def _by_agreement(results: pl.DataFrame, oracles: pl.DataFrame | None) -> pl.DataFrame:
    """Return the decisions of dual agreement on every question's tests."""
    if oracles is None:
        raise ValueError("agreement needs the oracle programs: which model wrote which")
    judged = results.select("program_id", "question_id", "passed").join(
        oracles.select("program_id", "model"), on="program_id"
    )
    rows: list[tuple[str, int, str]] = []
    for (question,), programs in judged.sort("program_id").group_by("question_id", maintain_order=True):
        agreement = agree(np.array(programs["passed"].to_list(), dtype=np.bool_), programs["model"].to_list())
        rows += [
            (str(question), position, _agreement_reason(probability))
            for position, probability in enumerate(agreement.probabilities.tolist())
        ]
    schema = {"question_id": pl.String, "position": pl.Int64, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _agreement_reason(probability: float) -> str:
    if probability >= CERTAIN:
        return ""
    return "agreement: refuted" if probability <= 1 - CERTAIN else "agreement: contested"

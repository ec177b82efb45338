"""How right programs and wrong ones fail the tests of a question: shares by how many tests they fail."""

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

RIGHT = (0.905, 0.031, 0.0135, 0.0225, 0.023, 0.004, 0.001)
WRONG = (0.01, 0.023, 0.014, 0.095, 0.184, 0.338, 0.336)

FAILURES = ("none", "one", "up to 10%", "up to 25%", "up to 50%", "more than 50%", "all")
"""Groups of programs by the tests they fail; `one` also where one is more than 10%."""


class ErrorRates(BaseModel):
    """How right and wrong programs fail the tests: of each kind, the share in every group of FAILURES.

    `acecoder quality` measures the shares on questions with known answers. The defaults are for projects without such
    questions; they were measured on HumanEval (benchmarks/test_suites/results.md).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    right: tuple[PositiveFloat, ...] = Field(RIGHT, min_length=7, max_length=7, description="Shares of right programs")
    wrong: tuple[PositiveFloat, ...] = Field(WRONG, min_length=7, max_length=7, description="Shares of wrong programs")


def failure_group(failed: pl.Expr, tests: pl.Expr) -> pl.Expr:
    """Return which group of FAILURES a program belongs to.

    Args:
        failed: number of tests that it fails.
        tests: number of tests of its question.
    """
    return (
        pl.when(failed == 0)
        .then(0)
        .when(failed == 1)
        .then(1)
        .when(10 * failed <= tests)
        .then(2)
        .when(4 * failed <= tests)
        .then(3)
        .when(2 * failed <= tests)
        .then(4)
        .when(failed < tests)
        .then(5)
        .otherwise(6)
    )

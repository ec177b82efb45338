"""Which passes count: a program may have forged a pass that is not sealed (see `docs/judging.md`)."""

from typing import Literal

import polars as pl

from acecoder_dagster.judge import Verdict

UnsealedPasses = Literal["refuse", "count"]
"""Setting `tests.unsealed_passes`: whether a pass that is not sealed counts, or is refused and counts as a failure."""

REFUSE: UnsealedPasses = "refuse"


def counts(*, sealed: bool, unsealed_passes: UnsealedPasses) -> bool:
    """Return whether a pass counts. Whatever counts passes asks here; in SQL, the macro `counts` says the same."""
    return sealed or unsealed_passes == "count"


def counted_passes(verdict: Verdict, unsealed_passes: UnsealedPasses) -> tuple[bool, ...]:
    """Return, for each test, whether the program has a pass that counts."""
    return tuple(
        passed and counts(sealed=sealed, unsealed_passes=unsealed_passes)
        for passed, sealed in zip(verdict.passed, verdict.sealed, strict=True)
    )


def counted_results(results: pl.DataFrame, unsealed_passes: UnsealedPasses) -> pl.DataFrame:
    """Return verdicts whose `passed`, `tests_passed` and `pass_rate` are of the passes that count.

    Verdict and outcomes stay what the judge said, since they also say what came of the program where it did not pass.

    Args:
        results: Columns passed, sealed, tests_kept, tests_passed and pass_rate of `tables.TEST_RESULTS`, and others.
        unsealed_passes: The setting.

    Returns:
        The rows with a further column passed_unsealed: passes that are not sealed, whether they count or not.
    """
    # Polars has no `and` of two lists; the product of numbers is 1 where both are 1.
    both = pl.col("passed").cast(pl.List(pl.UInt8)) * pl.col("sealed").cast(pl.List(pl.UInt8))
    sealed_passes = both.cast(pl.List(pl.Boolean))
    marked = results.with_columns(passed_unsealed=_number(pl.col("passed")) - _number(sealed_passes))
    if counts(sealed=False, unsealed_passes=unsealed_passes):
        return marked
    return marked.with_columns(passed=sealed_passes).with_columns(
        tests_passed=_number(pl.col("passed")),
        pass_rate=pl.when(pl.col("tests_kept") > 0)
        .then(_number(pl.col("passed")) / pl.col("tests_kept"))
        .otherwise(pl.col("pass_rate")),
    )


def unsealed_share(passed: int, passed_unsealed: int) -> float:
    """Return the share of passes that are not sealed, 0 where there are no passes."""
    return passed_unsealed / passed if passed else 0.0


def _number(flags: pl.Expr) -> pl.Expr:
    return flags.list.sum().cast(pl.Int64)

"""Which verdicts say something about their program."""

import polars as pl

UNUSABLE_OUTCOMES = ("judge_error", "unstable")
"""Outcomes that come from the judge or the clock, not from the program."""


def usable_verdict() -> pl.Expr:
    """Return whether a row of `tables.TEST_RESULTS` has tests and no outcome that is no fact about the program."""
    unusable = pl.any_horizontal(pl.col("outcomes").list.contains(outcome) for outcome in UNUSABLE_OUTCOMES)
    # A verdict is the first outcome that is not `passed`: behind `passed` there is none to look for.
    return (pl.col("tests_kept") > 0) & ((pl.col("verdict") == "passed") | ~unusable)

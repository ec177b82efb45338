"""Which verdicts say something about their program."""

import polars as pl

from acecoder_dagster.data.tables import UNUSABLE_OUTCOMES


def usable_verdict() -> pl.Expr:
    """Return whether a row of `tables.TEST_RESULTS` has tests and no outcome that is no fact about the program."""
    unusable = pl.any_horizontal(pl.col("outcomes").list.contains(outcome) for outcome in UNUSABLE_OUTCOMES)
    # A verdict is the first outcome that is not `passed`: behind `passed` there is none to look for.
    return (pl.col("tests_kept") > 0) & ((pl.col("verdict") == "passed") | ~unusable)

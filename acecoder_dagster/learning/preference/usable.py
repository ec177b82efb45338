"""Which verdicts are facts about their program."""

import polars as pl

from acecoder_dagster.data.tables import UNUSABLE_OUTCOMES


def usable_verdict() -> pl.Expr:
    """Return an expression: whether a row of `tables.TEST_RESULTS` has tests, and outcomes that the program caused."""
    unusable = pl.any_horizontal(pl.col("outcomes").list.contains(outcome) for outcome in UNUSABLE_OUTCOMES)
    # A verdict is the first outcome that is not `passed`, so with the verdict `passed` all outcomes are.
    return (pl.col("tests_kept") > 0) & ((pl.col("verdict") == "passed") | ~unusable)

"""The rules for preference pairs: which programs may win, which may lose, and how far apart they must be.

Thresholds are compared in numbers of tests, as integers. With 15 to 20 tests, pass rates of exactly 0.8 and gaps of
exactly 0.4 are common, and in floating point 17/20 - 9/20 is less than 0.4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

PASSED = pl.col("tests_passed")
TESTS = pl.col("tests")
"""Number of tests that the rule divides by."""

NOT_INSTALLED = pl.col("message").str.contains(r"^(?:ModuleNotFoundError|ImportError)\b")
"""The program needs a module that the sandbox does not have."""

ALL_ERROR = pl.col("outcomes").list.count_matches("error") == pl.col("tests_kept")


@dataclass(frozen=True)
class PairRule:
    """A rule for preference pairs.

    Attributes:
        denominator: Column with the number of tests that pass rates divide by.
        can_win: Whether a program may be the chosen one.
        can_lose: Whether a program may be the rejected one.
        far_enough: Whether two programs may form a pair, by the tests that winner and loser pass and their number.
        within_model: Whether both programs must be of the same model.
        ascii_questions: Whether questions with other characters than ASCII are left out.
        merge: Which programs or pairs count once: none, pairs with the same two texts, or programs of one syntax tree.
    """

    denominator: Literal["tests_kept", "tests_written"]
    can_win: pl.Expr
    can_lose: pl.Expr
    far_enough: Callable[[pl.Expr, pl.Expr, pl.Expr], pl.Expr]
    within_model: bool
    ascii_questions: bool
    merge: Literal["nothing", "same_texts", "same_programs"]


PAPER = PairRule(
    denominator="tests_kept",
    can_win=5 * PASSED > 4 * TESTS,
    can_lose=PASSED > 0,
    far_enough=lambda winner, loser, tests: 5 * (winner - loser) > 2 * tests,
    within_model=True,
    ascii_questions=False,
    merge="nothing",
)
"""Equation 3: s_i > s_j + 0.4, s_i > 0.8, s_j > 0, among the programs of one model.

Its reasons: a winner above 0.8 is clearly better than others; a gap below 0.4 is not reliable; a program that passes no
test often failed for a reason other than its logic, such as a missing import.
"""

RELEASED = PairRule(
    denominator="tests_written",
    can_win=5 * PASSED >= 4 * TESTS,
    can_lose=PASSED > 0,
    far_enough=lambda winner, loser, tests: 5 * (winner - loser) >= 2 * tests,
    within_model=True,
    ascii_questions=True,
    merge="same_texts",
)
"""The rule of create_rm_dataset.py in the released code.

Thresholds are inclusive. Pass rates divide by the tests written, so a question that lost more than a fifth of its tests
to the filter never has a pair. A pair whose two texts occurred before is left out. Questions with characters outside
ASCII are skipped.
"""

OURS = PairRule(
    denominator="tests_kept",
    can_win=PASSED == TESTS,
    can_lose=(PASSED < TESTS) & ~(ALL_ERROR & NOT_INSTALLED),
    far_enough=lambda winner, loser, _tests: winner > loser,
    within_model=False,
    ascii_questions=False,
    merge="same_programs",
)
"""The winner passes every test and the loser fails one.

- The winner passes everything: half of the pairs of the paper's rule compare two wrong programs. Measured with
  HumanEval's official tests, 52% of its pairs are truly ordered, and 68 to 71% with such a winner.
- The gap may be small: then the loser is a nearly right program, which is the useful case.
- The loser may pass nothing, even raise an error everywhere. Best-of-N meets such programs, and a reward model that
  never saw one lose chooses them (micro, best of 16: 0.67 without them, less than best of 4). It is left out only if
  every outcome is `error` because a module is not installed here, which says nothing about the program.
- Programs that differ only in comments, docstrings or layout (`syntax_hash`) count once. Else the most common program
  would dominate, and a pair could hold the same program twice.
- The two programs may be of different models: imported data sets often have one program per model.
"""

RULES = {"paper": PAPER, "released": RELEASED, "ours": OURS}

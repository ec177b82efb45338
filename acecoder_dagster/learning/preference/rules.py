"""Which programs may win, which may lose, and how far apart they must be: the paper's rule, the released one, ours.

Thresholds are compared in whole numbers of tests: with 15 to 20 tests, pass rates of exactly 0.8 and gaps of exactly
0.4 are common, and in floating point 17/20 - 9/20 falls short of 0.4.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

PASSED = pl.col("tests_passed")
TESTS = pl.col("tests")
"""Denominator of the pass rate under the rule."""

NOT_INSTALLED = pl.col("message").str.contains(r"^(?:ModuleNotFoundError|ImportError)\b")
"""The program needs a module that the sandbox does not have."""

ALL_ERROR = pl.col("outcomes").list.count_matches("error") == pl.col("tests_kept")


@dataclass(frozen=True)
class PairRule:
    """A rule. `far_enough` takes the tests passed by the winner and by the loser, and the number of tests."""

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

A winner above 0.8 is really more right than others; a gap below 0.4 is no reliable preference; a program that passes
nothing often failed for reasons of packaging, not of thought.
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
"""create_rm_dataset.py: not strict, and the pass rate divides by the tests written, so a question whose filter dropped
more than a fifth of its tests never yields a pair. A pair whose two texts occurred before is left out. Questions with
characters outside ASCII are skipped.
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

Half of the pairs of the paper's rule compare two wrong programs (measured with HumanEval's official tests: 52% truly
ordered; 68-71% with a winner that passes everything). A small gap is then no doubt but the useful case: a nearly
right program. A loser may pass nothing, even by raising everywhere: best-of-N meets such programs, and a reward model
that never saw one lose picks them (micro, best of 16: 0.67 without them, less than best of 4). Only where every
outcome is `error` because a module is not installed here is packaging to blame, and the program says nothing.
Programs that differ in comments, docstrings or layout alone (`syntax_hash`) count once, or the commonest program would
dominate and a pair could hold the same program twice. Programs of different models may meet: imported pools hold one
per model.
"""

RULES = {"paper": PAPER, "released": RELEASED, "ours": OURS}

"""Settings of the choice of preference pairs and of hard questions."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

RIGHT = (0.905, 0.031, 0.0135, 0.0225, 0.023, 0.004, 0.001)
WRONG = (0.01, 0.023, 0.014, 0.095, 0.184, 0.338, 0.336)

FAILURES = ("none", "one", "up to 10%", "up to 25%", "up to 50%", "more than 50%", "all")
"""Groups of programs by the tests they fail; `one` also where one is more than 10%."""


class ErrorRates(BaseModel):
    """Of programs known to be right, and of those known to be wrong: the shares that fail so many tests.

    The groups are `FAILURES`. `acecoder quality` measures the rates on questions with known answers; these stand in
    where a project has no such questions, measured on HumanEval (benchmarks/results/synthesis.md).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    right: tuple[PositiveFloat, ...] = Field(RIGHT, min_length=7, max_length=7, description="Shares of right programs")
    wrong: tuple[PositiveFloat, ...] = Field(WRONG, min_length=7, max_length=7, description="Shares of wrong programs")


class PairSettings(BaseModel):
    """How preference pairs are chosen. The defaults are ours; `preference.rules` gives the reasons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["paper", "released", "ours"] = Field(
        "ours", description="paper: equation 3; released: as the released code; ours: winner passes all tests"
    )
    max_pairs_per_question: PositiveInt | Literal["all"] = Field(
        8, description="Pairs drawn at random from those of a question; `all` keeps all, as the paper does"
    )
    weighting: Literal["pair", "question", "probability"] = Field(
        "question",
        description="pair: every pair weighs 1, as in the released code; question: the pairs of a question share 1; "
        "probability: and each of these shares is multiplied by the probability that the winner is right and the "
        "loser wrong",
    )
    min_probability: float = Field(
        0.8, ge=0, le=1, description="For weighting = probability: less likely pairs are left out"
    )
    error_rates: ErrorRates = Field(ErrorRates(), description="For weighting = probability: how programs fail tests")
    seed: int = Field(0, description="Seed of the drawing of pairs")


class HardQuestionSettings(BaseModel):
    """How questions for reinforcement learning are chosen. The default is ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["paper", "released", "ours"] = Field(
        "ours",
        description="paper, released: low mean and high spread of the pass rates; ours: some programs pass, some not",
    )

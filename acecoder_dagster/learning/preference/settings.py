"""Settings of the choice of preference pairs and of hard questions."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from acecoder_dagster.questions.test_suites.quality import ErrorRates


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

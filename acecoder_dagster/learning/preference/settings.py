"""Settings of how preference pairs and hard questions are chosen."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from acecoder_dagster.questions.test_suites.quality import ErrorRates


class PairSettings(BaseModel):
    """How preference pairs are chosen. The defaults are ours; `learning/preference/rules.py` gives the reasons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["paper", "released", "ours"] = Field(
        "ours",
        description="Which programs may form a pair. paper: equation 3 of the paper; released: as in the released "
        "code; ours: the chosen program passes every test, the rejected one fails a test",
    )
    max_pairs_per_question: PositiveInt | Literal["all"] = Field(
        8, description="Most pairs of a question, drawn at random. `all`: every pair, as in the paper"
    )
    weighting: Literal["pair", "question", "probability"] = Field(
        "question",
        description="Weight of a pair in the loss of the reward model. pair: 1, as in the released code; question: 1 "
        "divided by the number of pairs of its question; probability: that, times the probability that the chosen "
        "program is right and the rejected one wrong",
    )
    min_probability: float = Field(
        0.8, ge=0, le=1, description="With weighting = probability: pairs with a lower probability are left out"
    )
    error_rates: ErrorRates = Field(ErrorRates(), description="With weighting = probability: how programs fail tests")
    seed: int = Field(0, description="Seed of the draw of pairs")


class HardQuestionSettings(BaseModel):
    """How questions for reinforcement learning are chosen. The default is ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["paper", "released", "ours"] = Field(
        "ours",
        description="paper, released: questions with a low mean and a high spread of pass rates; ours: questions that "
        "some programs solve and others do not",
    )

"""Settings of the evaluation."""

from pydantic import BaseModel, ConfigDict, Field, PositiveInt


class EvaluationSettings(BaseModel):
    """What is measured on held-out questions, and how intervals are computed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    best_of: tuple[PositiveInt, ...] = Field(
        (1, 2, 4, 8, 16, 32, 64),
        min_length=1,
        description="Values of N for best-of-N. Questions with fewer than N scored programs are left out at that N",
    )
    programs_per_question: int = Field(
        16, ge=1, description="Programs that each trained policy writes for every held-out question"
    )
    pass_at: tuple[PositiveInt, ...] = Field((1,), min_length=1, description="Values of k for pass@k of the policies")
    bootstrap_samples: int = Field(
        2000, ge=100, description="Number of bootstrap samples; each draws all questions with replacement"
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="Confidence of the intervals")
    seed: int = Field(0, description="Seed of the bootstrap")

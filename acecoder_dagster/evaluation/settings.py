"""Settings of the evaluation."""

from pydantic import BaseModel, ConfigDict, Field, PositiveInt


class EvaluationSettings(BaseModel):
    """What is reported, and how certain it has to be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    best_of: tuple[PositiveInt, ...] = Field(
        (1, 2, 4, 8, 16, 32, 64),
        min_length=1,
        description="Numbers N of programs to choose from; questions with fewer scored programs are left out of that N",
    )
    programs_per_question: int = Field(
        16, ge=1, description="Programs that each trained policy writes for a held-out question"
    )
    pass_at: tuple[PositiveInt, ...] = Field((1,), min_length=1, description="Numbers k for pass@k of the policies")
    bootstrap_samples: int = Field(2000, ge=100, description="Draws of the bootstrap by question")
    confidence: float = Field(0.95, gt=0, lt=1, description="Share of the draws inside an interval")
    seed: int = Field(0, description="Seed of the bootstrap")

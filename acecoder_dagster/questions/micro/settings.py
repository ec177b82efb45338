"""Settings of the micro task family."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class MicroSettings(BaseModel):
    """What the questions of the micro family look like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_primitives: int = Field(default=2, ge=2, description="fewest primitives, the final one included")
    max_primitives: int = Field(default=4, le=8, description="most primitives")
    tests_per_question: int = Field(default=20, ge=1, le=200, description="argument lists to test a question with")

    @model_validator(mode="after")
    def _range_is_not_empty(self) -> Self:
        if self.min_primitives > self.max_primitives:
            raise ValueError(
                f"min_primitives = {self.min_primitives} must not exceed max_primitives = {self.max_primitives}"
            )
        return self

"""Settings of an OpenAI-compatible endpoint."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EndpointSettings(BaseModel):
    """Where a model answers, how it is asked and what it costs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str | None = Field(default=None, description="Address up to and including /v1; needed to ask anything")
    model: str | None = Field(default=None, description="Name of the model at the endpoint; needed to ask anything")
    api_key_variable: str = Field(
        default="OPENAI_API_KEY", description="Environment variable with the key; local servers need none"
    )
    temperature: float = Field(default=0.7, ge=0, description="The paper's writer: 0.7")
    max_tokens: int = Field(default=8192, ge=1, description="Longest answer, in tokens; the paper's writer: 8192")
    structured: Literal["json_schema", "json_object", "none"] = Field(
        default="json_schema",
        description="How the endpoint makes answers JSON; none: it is asked for in words only",
    )
    concurrency: int = Field(default=64, ge=1, description="Requests under way at the same time")
    timeout_seconds: float = Field(default=300.0, gt=0, description="Wait for one answer; then it is asked again")
    retries: int = Field(
        default=6,
        ge=0,
        description="Times a request is repeated, with back-off: limits, server errors, lost lines",
    )
    max_unanswered: float = Field(
        default=0.01, ge=0, le=1, description="Share of requests that may stay unanswered; with more, the stage fails"
    )
    price_per_million_prompt_tokens: float = Field(default=0.0, ge=0, description="Price, in the currency you count in")
    price_per_million_completion_tokens: float = Field(default=0.0, ge=0, description="Price, in the same currency")

    def content(self) -> dict[str, object]:
        """Return the settings that an answer depends on: not where and how fast it is asked, nor what it costs."""
        return self.model_dump(include={"model", "temperature", "max_tokens", "structured"})

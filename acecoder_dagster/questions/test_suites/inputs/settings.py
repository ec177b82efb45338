"""Settings of inputs and of the tests made by running a reference program."""

from pydantic import BaseModel, ConfigDict, Field


class InputSettings(BaseModel):
    """How many calls of a reference program are tried and how many become tests."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tests_per_question: int = Field(default=16, ge=1, le=200, description="tests to write per question, at most")
    probes: int = Field(default=48, ge=1, description="calls that find out which kinds of arguments a function takes")
    calls: int = Field(default=48, ge=0, description="further calls with arguments like those that worked")
    runs: int = Field(default=3, ge=2, description="times a call is run; a call that gives several values is unstable")
    cpu_seconds_per_call: float = Field(
        default=0.2, gt=0, description="processor time one call may use: well below what a test may"
    )
    max_argument_characters: int = Field(default=200, ge=10, description="longest argument list, as source")
    max_value_characters: int = Field(default=400, ge=10, description="longest expected value, as source")

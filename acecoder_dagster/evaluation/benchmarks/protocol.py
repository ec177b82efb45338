"""What one protocol says of one benchmark: its data, prompts, decoding, extraction, tests and metric."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from acecoder_dagster.evaluation.benchmarks.extraction import ExtractorName
from acecoder_dagster.judge import SandboxSettings

DataFormat = Literal["evalplus", "bigcodebench", "livecodebench"]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSection(Section):
    """Where the tasks come from."""

    format: DataFormat = Field(description="Format of the files, each with the names of its publisher")
    files: tuple[str, ...] = Field(min_length=1, description="Files of the data folder, in this order; each may be .gz")
    version: str = Field(description="The publisher's word for this state of the data")
    origin: str = Field(description="Where a person gets the files")
    hub: str | None = Field(
        default=None,
        description="Hub address of the rows, or, where hub_files is true, of the repository with the files",
    )
    hub_files: bool = Field(default=False, description="Whether the hub has the files as they are in a folder")
    rows: PositiveInt = Field(description="Tasks that the files have")
    sha256: tuple[Sha256, ...] = Field(default=(), description="Of each file, unpacked; none: not known")
    tasks: str | None = Field(default=None, description="File of ids, for a benchmark that is a part of these tasks")
    variant: str = Field(default="", description="evalplus: humaneval or mbpp, whose special comparisons hold")
    licence: str = Field(description="Licence of the tasks")


class StyleSection(Section):
    """How one kind of model is asked, and how its answer is read."""

    prompt: str = Field(description="File of the prompt, in prompts/ or beside the protocol")
    task_prompt: str = Field(default="prompt", description="Which text of a task stands for {prompt}")
    stop: tuple[str, ...] = Field(default=(), description="Texts at which an answer ends")
    max_tokens: PositiveInt | None = Field(default=None, description="Longest answer; else that of decoding")
    continues_prompt: bool = Field(default=False, description="Whether the answer continues the task's text")
    extraction: tuple[ExtractorName, ...] = Field(description="Extractors, applied one after the other")


class DrawSection(Section):
    """How answers are drawn."""

    temperature: float = Field(ge=0, description="0: the likeliest token")
    top_p: float = Field(gt=0, le=1, description="Share of probability that is drawn from")
    n: PositiveInt = Field(description="Answers of each task")

    @model_validator(mode="after")
    def _no_answer_twice(self) -> Self:
        if self.temperature == 0 and self.n > 1:
            raise ValueError(f"at temperature 0 every answer of a model is the same: n has to be 1, not {self.n}")
        return self


class DecodingSection(Section):
    """Lengths of answers, and the two ways of drawing them."""

    max_tokens: PositiveInt = Field(description="Longest answer, in tokens")
    max_model_len: PositiveInt | None = Field(default=None, description="Prompt and answer together; else the model's")
    greedy: DrawSection = Field(description="For the score itself")
    sampled: DrawSection = Field(description="For best-of-N")


class ScoringSection(Section):
    """What is run, and what is counted."""

    tests: tuple[Literal["base", "plus", "all"], ...] = Field(description="Which tests a program has to pass")
    calibrated: bool = Field(
        default=False, description="BigCodeBench: put the task's own start before the extracted program"
    )
    pass_at: tuple[PositiveInt, ...] = Field(default=(1, 10, 100), description="Values of k of pass@k")
    reference_time_factor: float | None = Field(
        default=None, gt=0, description="A test may take so many times what the reference takes"
    )
    least_seconds: float = Field(default=1.0, gt=0, description="What every test may take, where the factor is given")
    sandbox: dict[str, Any] = Field(default={}, description="Settings of the sandbox")


class Window(Section):
    """Dates between which questions were published, both included."""

    first: datetime.date | None = Field(default=None, description="First day")
    last: datetime.date | None = Field(default=None, description="Last day")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first and self.last and self.first > self.last:
            raise ValueError(f"the window ends on {self.last}, before it begins on {self.first}")
        return self

    def holds(self, date: datetime.date) -> bool:
        """Tell whether a day lies in the window."""
        return (self.first or date) <= date <= (self.last or date)


class Protocol(Section):
    """One benchmark under one protocol, as its TOML file says."""

    title: str = Field(description="Name for people")
    aliases: tuple[str, ...] = Field(default=(), description="Short names for --only")
    programs: str = Field(description="What they are written for: benchmarks that say the same share their programs")
    data: DataSection
    styles: dict[str, StyleSection] = Field(min_length=1, description="By kind of model: chat, base, r1, or own names")
    decoding: DecodingSection
    scoring: ScoringSection
    window: Window = Field(default=Window(), description="Dates between which the questions were published")

    name: str = Field(default="", description="Name of the benchmark; that of the file where it is left out")
    protocol: str = Field(
        default="", description="Name of the protocol; that of the folder, or own, where it is left out"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        SandboxSettings.model_validate(self.scoring.sandbox)
        if self.data.sha256 and len(self.data.sha256) != len(self.data.files):
            raise ValueError("data.sha256: give one for each file, or none")
        if self.data.format == "evalplus":
            if self.data.variant not in ("humaneval", "mbpp"):
                raise ValueError("data.variant: evalplus's format is of the variant humaneval or mbpp")
            if self.scoring.reference_time_factor is None:
                raise ValueError("scoring.reference_time_factor: evalplus's tests are limited by the reference's time")
        is_evalplus = self.data.format == "evalplus"
        if is_evalplus == ("all" in self.scoring.tests):
            raise ValueError("scoring.tests: evalplus has base and plus, the others have all")
        return self

    @property
    def address(self) -> str:
        """Protocol and benchmark, as `--suite` takes them."""
        return f"{self.protocol}/{self.name}"

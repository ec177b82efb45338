"""Settings of decontamination."""

from pydantic import BaseModel, ConfigDict, Field


class DecontaminationSettings(BaseModel):
    """Which benchmarks seeds and imported questions must not come from, and what counts as coming from one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    benchmarks: tuple[str, ...] = Field(
        default=(), description="Question files or hub data sets to keep away from; with none, nothing is looked for"
    )
    words: int = Field(
        default=10, ge=3, description="Length of a run of words that a seed may not share with a benchmark's question"
    )
    likeness: float = Field(
        default=0.6,
        gt=0,
        le=1,
        description="Jaccard likeness to a function of a reference program from which a seed counts as a copy",
    )
    execution: bool = Field(default=True, description="Whether seeds are also run on the benchmarks' tests")
    weak_likeness: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="Likeness needed as well where the tests of a benchmark's question are easily passed",
    )
    cpu_seconds_per_test: float = Field(default=0.2, gt=0, description="Processor time of one test of a benchmark")

"""What a user asks to collect seed functions from."""

from typing import Self

from pydantic import Field, model_validator

from acecoder_dagster.questions.manifests import Manifest


class SeedManifest(Manifest):
    """One collection of seed functions: from Python code, from instruction data, or both."""

    code: tuple[str, ...] = Field(
        default=(), description="Folders, .py files, names of installed packages, or `stdlib`, the standard library"
    )
    data: tuple[str, ...] = Field(
        default=(),
        description="Instruction data: files (.parquet, .jsonl, .jsonl.gz, .json) or hf://owner/name@revision",
    )
    licence: str | None = Field(
        default=None, description="SPDX identifier for everything that does not say its own licence"
    )
    documented: bool = Field(default=False, description="Whether only functions with a docstring are wanted")
    sample: int | None = Field(default=None, ge=1, description="Draw so many seeds at random; all when left out")
    likeness: float = Field(default=0.7, gt=0, le=1, description="Jaccard likeness of near-duplicates, at least")
    seeds_per_batch: int = Field(default=1000, ge=1, description="Seeds per batch, at most")
    seed: int = Field(default=0, ge=0, description="Decides the sample")

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if not self.code and not self.data:
            raise ValueError("nothing to collect from: name code or data")
        return self

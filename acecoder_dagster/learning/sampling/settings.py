"""Settings of sampling programs; no engine is loaded by reading them."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class EngineSettings(BaseModel):
    """How vLLM runs: memory, speed and devices. Nothing here changes what is sampled, up to rounding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_model_len: int | None = Field(
        default=None, ge=32, description="Most tokens of prompt and completion; unset: the model's context."
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(default="auto", description="Type of the weights.")
    gpu_memory_utilization: float = Field(default=0.9, gt=0, le=1, description="Share of GPU memory to use.")
    cpu_cache_gib: int = Field(default=1, ge=1, description="Without a GPU: memory for the key-value cache, GiB.")
    tensor_parallel_size: int = Field(default=1, ge=1, description="GPUs that share one model.")
    max_sequences: int = Field(default=256, ge=1, description="Completions under way at the same time.")
    replicas: int = Field(
        default=1,
        ge=1,
        description="Engines side by side, each in its own process. For a small model without a GPU, one engine per "
        "core of one thread each is several times faster than one of all cores.",
    )
    cpu_threads: int = Field(
        default=1,
        ge=1,
        description="Without a GPU: threads of each matrix product. More than one pays off for models of 100 million "
        "parameters and up, on a machine that does nothing else.",
    )


class SamplingSettings(BaseModel):
    """How many programs are sampled for a question, and how. Defaults are the paper's (section 3.2)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programs_per_question: int = Field(default=16, ge=1, description="Completions per question.")
    temperature: float = Field(default=0.7, ge=0, description="0 is greedy decoding: one program per question.")
    top_p: float = Field(default=1.0, gt=0, le=1, description="Nucleus: smallest set of tokens with this probability.")
    top_k: int = Field(default=0, ge=0, description="Only the k most likely tokens; 0: all.")
    max_tokens: int = Field(default=1024, ge=1, description="Longest completion.")
    engine: EngineSettings = EngineSettings()

    @model_validator(mode="after")
    def _greedy_decoding_writes_one_program(self) -> Self:
        if self.temperature == 0 and self.programs_per_question > 1:
            raise ValueError(
                f"temperature 0 writes the same program every time: set programs_per_question to 1, not "
                f"{self.programs_per_question}"
            )
        return self

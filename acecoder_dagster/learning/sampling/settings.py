"""Settings of sampling programs. Reading them loads no engine."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class EngineSettings(BaseModel):
    """How vLLM runs: memory, speed and devices. Nothing here changes what is sampled, except by rounding."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_model_len: int | None = Field(
        default=None, ge=32, description="Most tokens of prompt and completion together. Unset: the model's context."
    )
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto",
        description="Type of the weights. 'auto': as in the model's files, but float32 on a CPU that does not multiply "
        "bfloat16.",
    )
    gpu_memory_utilization: float = Field(
        default=0.9, gt=0, le=1, description="Share of the GPU's memory that vLLM takes."
    )
    cpu_cache_gib: int = Field(default=1, ge=1, description="Without a GPU: memory for the key-value cache, in GiB.")
    tensor_parallel_size: int = Field(default=1, ge=1, description="GPUs that share one model.")
    max_sequences: int = Field(default=256, ge=1, description="Completions that are written at the same time.")
    replicas: int | None = Field(
        default=None,
        ge=1,
        description="Engines that work at the same time, each in its own process and on GPUs of its own. Unset: as "
        "many as the GPUs allow, or one without a GPU. For a small model without a GPU, one engine of one thread for "
        "each core is several times faster than one engine that uses all cores.",
    )
    cpu_threads: int = Field(
        default=1,
        ge=1,
        description="Without a GPU: threads of an engine. More than one is worth it for models of 100 million "
        "parameters or more, on a machine that does nothing else.",
    )


class SamplingSettings(BaseModel):
    """How many programs are sampled for a question, and how. The defaults are those of the paper (section 3.2)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    programs_per_question: int = Field(default=16, ge=1, description="Programs sampled for each question.")
    temperature: float = Field(
        default=0.7,
        ge=0,
        description="Sampling temperature. 0 is greedy decoding, which gives one program for a question.",
    )
    top_p: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Sample from the fewest tokens that together have this probability. 1: from all.",
    )
    top_k: int = Field(default=0, ge=0, description="Sample from the k most likely tokens. 0: from all.")
    max_tokens: int = Field(default=1024, ge=1, description="Longest completion, in tokens.")
    engine: EngineSettings = EngineSettings()

    @model_validator(mode="after")
    def _greedy_decoding_writes_one_program(self) -> Self:
        if self.temperature == 0 and self.programs_per_question > 1:
            raise ValueError(
                "with temperature 0 a model writes the same program every time: set programs_per_question to 1, not "
                f"{self.programs_per_question}"
            )
        return self

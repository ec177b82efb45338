"""Settings of base-policy training, reward-model training and RL.

No torch in here, so that the orchestrator can read them.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Precision = Literal["auto", "float32", "bfloat16"]

_PRECISION = (
    "Arithmetic of forward and backward passes; weights, optimiser and score head stay float32. "
    "'auto': bfloat16 where the device has it in hardware."
)

# Head sizes for which vLLM's CPU attention and its GPU attention both have kernels.
_HEAD_SIZES = (32, 64, 80, 96, 112, 128)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScratchModelSettings(_Settings):
    """Sizes of a Qwen3-architecture model that starts from random weights, and of its tokenizer."""

    vocabulary_size: int = Field(
        default=768,
        ge=258,
        description="Most entries of the tokenizer: 256 bytes, <pad>, <eos>, and merges learnt from the texts.",
    )
    hidden_size: int = Field(default=192, ge=32, description="Width of the residual stream.")
    layers: int = Field(default=4, ge=1, description="Transformer blocks.")
    attention_heads: int = Field(default=3, ge=1, description="Heads per layer; they divide hidden_size.")
    feed_forward_size: int = Field(default=512, ge=32, description="Inner width of the feed-forward part.")
    context_length: int = Field(default=256, ge=32, description="Most tokens of prompt and completion together.")
    seed: int = Field(default=0, description="Initial weights.")

    @model_validator(mode="after")
    def _vllm_has_kernels_for_the_head_size(self) -> Self:
        head_size, rest = divmod(self.hidden_size, self.attention_heads)
        if rest or head_size not in _HEAD_SIZES:
            sizes = ", ".join(map(str, _HEAD_SIZES))
            raise ValueError(
                f"hidden_size / attention_heads is the head size and must be one of {sizes}; "
                f"it is {self.hidden_size} / {self.attention_heads}"
            )
        return self


class SupervisedSettings(_Settings):
    """How a causal model is trained to write given completions."""

    epochs: int = Field(default=1, ge=1, description="Times every row is visited.")
    rows_per_step: int = Field(default=32, ge=1, description="Rows per optimiser step.")
    learning_rate: float = Field(default=2e-3, gt=0, description="Peak learning rate of AdamW.")
    warmup_fraction: float = Field(default=0.05, ge=0, lt=1, description="Share of all steps spent warming up.")
    weight_decay: float = Field(default=0.05, ge=0, description="AdamW weight decay.")
    max_gradient_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    checkpoint_every: int = Field(default=200, ge=1, description="Optimiser steps between checkpoints.")
    precision: Precision = Field(default="auto", description=_PRECISION)
    processes: int = Field(
        default=1,
        ge=1,
        description="Processes that share the rows of every step, on a CPU; a GPU is used by one. Small models learn "
        "faster on several processes of one thread than on one of several threads.",
    )
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of torch in each process; unset: torch decides."
    )
    seed: int = Field(default=0, description="Order of the rows.")


class RewardModelSettings(_Settings):
    """How a reward model is trained on preference pairs, and how it scores."""

    epochs: int = Field(default=1, ge=1, description="Times every training question is visited.")
    prompts_per_step: int = Field(
        default=64,
        ge=1,
        description="Questions per optimiser step. Steps are sized by questions, because all pairs of a question "
        "are trained together: 128 shuffled pairs as in the paper touch about as many questions as 64 to 128 here.",
    )
    tokens_per_forward: int = Field(
        default=16_384,
        ge=1,
        description="Most tokens packed into one forward pass; a step is split into several where needed. The programs "
        "of a question with more tokens than this are forwarded twice, for the same gradient in less memory.",
    )
    max_tokens: int = Field(
        default=2_048,
        ge=8,
        description="Longest prompt + program, in tokens. Longer programs are left out with their pairs in training "
        "and get no score in scoring; both are counted.",
    )
    learning_rate: float = Field(default=1e-5, gt=0, description="Peak learning rate of AdamW.")
    warmup_fraction: float = Field(default=0.1, ge=0, lt=1, description="Share of all steps spent warming up.")
    weight_decay: float = Field(default=0.0, ge=0, description="AdamW weight decay.")
    max_gradient_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    weighting: Literal["pair", "prompt"] = Field(
        default="prompt",
        description="'pair': every pair of a step counts the same, as in the released code, so that questions with "
        "many pairs dominate; 'prompt': every question counts the same, as in equation 1 of the paper.",
    )
    margin_coefficient: float = Field(
        default=0.0,
        ge=0,
        description="How far apart the scores of a pair shall be, for a difference of 1 between the pass rates of its "
        "programs: loss -log sigmoid(chosen - rejected - coefficient * difference). 3 is a variant of the released "
        "code; 0 as in the paper.",
    )
    centre_coefficient: float = Field(
        default=0.01,
        ge=0,
        description="Weight of mean((chosen + rejected)^2), which keeps scores around zero without changing order.",
    )
    validation_fraction: float = Field(
        default=0.1, gt=0, lt=1, description="Share of questions held out for pair accuracy and calibration."
    )
    lora_rank: int = Field(
        default=0,
        ge=0,
        description="0: every weight is trained, as in the paper. Else the rank of LoRA adapters on all linear layers, "
        "scaled by 2; they are trained with the score head, and merged into the weights that are written.",
    )
    checkpoint_every: int = Field(default=100, ge=1, description="Optimiser steps between checkpoints.")
    precision: Precision = Field(default="auto", description=_PRECISION)
    processes: int | None = Field(
        default=None,
        ge=1,
        description="Processes that divide model and steps among themselves (FSDP2); unset: one for each GPU, or one.",
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads of torch; unset: torch decides.")
    seed: int = Field(default=0, description="Order of questions, split and initial score head.")


class ScoringSettings(_Settings):
    """How a finished reward model scores programs."""

    tokens_per_forward: int = Field(default=16_384, ge=1, description="Most tokens packed into one forward pass.")
    max_tokens: int = Field(
        default=2_048, ge=8, description="Longest prompt + program, in tokens; longer programs get no score."
    )
    precision: Precision = Field(default="auto", description=_PRECISION)
    threads: int | None = Field(default=None, ge=1, description="CPU threads of torch; unset: torch decides.")


class PolicySettings(_Settings):
    """How a policy is trained by reinforcement, on TRL's GRPOTrainer."""

    algorithm: Literal["grpo", "reinforce_pp_baseline", "reinforce_pp"] = Field(
        default="reinforce_pp_baseline",
        description="What a rollout's advantage is. 'grpo': reward minus the group's mean, divided by its standard "
        "deviation. 'reinforce_pp_baseline': reward minus the group's mean, whitened over all tokens of the step. "
        "'reinforce_pp': as the paper, reward (with token-level KL) whitened over all tokens of the step, no group.",
    )
    rule_reward: Literal["binary", "pass_rate"] = Field(
        default="binary",
        description="With the rule reward: 1 if every test passes and 0 otherwise (the paper), or the pass rate "
        "(default of the released code).",
    )
    rule_weight: float = Field(
        default=0.0,
        ge=0,
        description="With the reward model's reward: this many times the rule reward is added to it, whose unit is a "
        "standard deviation of its scores.",
    )
    steps: int = Field(default=80, ge=1, description="Optimiser steps; one generation each.")
    prompts_per_step: int = Field(default=256, ge=1, description="Questions trained on in a step.")
    completions_per_prompt: int = Field(default=8, ge=2, description="Completions per question: the group.")
    draw_factor: int = Field(
        default=1,
        ge=1,
        description="Questions drawn for each one trained on. A group whose rewards are all equal teaches nothing "
        "and is dropped (except by 'reinforce_pp'); drawing more keeps steps full.",
    )
    max_completion_tokens: int = Field(
        default=2_048, ge=2, description="Longest completion; one cut there is kept out of the loss."
    )
    generation: Literal["transformers", "vllm_colocate", "vllm_server"] = Field(
        default="transformers",
        description="What writes the completions of a step: the policy itself (right for small models on a CPU, which "
        "judges programs while others are being written), vLLM on the same GPU, or a `vllm serve` beside it, as TRL "
        "runs them. Validation is always written by the policy itself.",
    )
    vllm_memory_share: float = Field(
        default=0.3, gt=0, lt=1, description="With vllm_colocate: share of the GPU's memory that vLLM may take."
    )
    vllm_server: str = Field(
        default="http://127.0.0.1:8000", description="With vllm_server: where `vllm serve` answers."
    )
    temperature: float = Field(default=1.0, gt=0, description="Sampling temperature of rollouts and validation.")
    rows_per_generation: int = Field(default=512, ge=1, description="Most completions sampled side by side.")
    rows_per_forward: int = Field(
        default=128, ge=1, description="Most completions in one forward and backward pass of the loss."
    )
    learning_rate: float = Field(default=5e-7, gt=0, description="Learning rate of AdamW after warm-up.")
    warmup_steps: int = Field(default=5, ge=0, description="Steps of linear warm-up; constant afterwards.")
    max_gradient_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    kl_coefficient: float = Field(
        default=0.0,
        ge=0,
        description="Pull towards the starting policy; 0 loads no reference model. 'reinforce_pp' takes it out of "
        "each token's reward, 'reinforce_pp_baseline' adds half the squared log ratio to the loss (k2), 'grpo' "
        "TRL's k3 estimate.",
    )
    validate_every: int = Field(
        default=10, ge=1, description="Steps between validations: executed tests on the validation questions."
    )
    validation_completions: int = Field(default=2, ge=1, description="Completions per validation question.")
    patience: int = Field(
        default=3,
        ge=1,
        description="Validations in a row without a new best pass rate after which training stops.",
    )
    hacking_drop: float = Field(
        default=0.03,
        gt=0,
        lt=1,
        description="A policy pleases its reward instead of solving questions when, on the validation questions, the "
        "share of right programs is this far below its best, and by its standard error, and the reward is higher "
        "than it was then.",
    )
    on_hacking: Literal["stop", "report"] = Field(
        default="stop", description="Then: stop and report, or only report (hacking.md)."
    )
    scoring: ScoringSettings = Field(
        default_factory=ScoringSettings, description="How the reward model scores, with that reward."
    )
    checkpoint_every: int = Field(default=10, ge=1, description="Steps between checkpoints.")
    gradient_checkpointing: bool = Field(default=False, description="Recompute activations to save memory.")
    precision: Precision = Field(default="auto", description=_PRECISION)
    threads: int | None = Field(default=None, ge=1, description="CPU threads of torch; unset: torch decides.")
    seed: int = Field(default=0, description="Order of questions and sampling.")

    @property
    def questions_drawn(self) -> int:
        """Questions sampled per step; without a group baseline no group is dropped, so none is drawn in excess."""
        return self.prompts_per_step * (1 if self.algorithm == "reinforce_pp" else self.draw_factor)

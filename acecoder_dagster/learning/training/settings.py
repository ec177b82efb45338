"""Settings of all trainings: base policy, reward model and reinforcement learning. Reading them loads no torch."""

from __future__ import annotations

import importlib.util
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Precision = Literal["auto", "float32", "bfloat16"]

Tracker = Literal["mlflow", "trackio", "wandb"]
"""A package that shows learning curves; all have the name under which they are installed."""

_PRECISION = (
    "Arithmetic of forward and backward passes; weights, optimiser and score head stay float32. "
    "'auto': bfloat16 if the hardware supports it."
)

# Head sizes for which vLLM has attention kernels both on CPUs and on GPUs.
_HEAD_SIZES = (32, 64, 80, 96, 112, 128)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ScratchModelSettings(_Settings):
    """Sizes of a model from scratch (Qwen3's architecture, random weights) and of its tokenizer."""

    vocabulary_size: int = Field(
        default=768,
        ge=258,
        description="Most tokens of the vocabulary: 256 bytes, <pad>, <eos>, and merges that are learnt from texts.",
    )
    hidden_size: int = Field(default=192, ge=32, description="Width of the hidden states.")
    layers: int = Field(default=4, ge=1, description="Number of layers.")
    attention_heads: int = Field(default=3, ge=1, description="Attention heads of a layer; hidden_size is a multiple.")
    feed_forward_size: int = Field(default=512, ge=32, description="Inner width of the feed-forward layers.")
    context_length: int = Field(default=256, ge=32, description="Most tokens of prompt and completion together.")
    seed: int = Field(default=0, description="Seed of the random weights.")

    @model_validator(mode="after")
    def _vllm_has_kernels_for_the_head_size(self) -> Self:
        head_size, rest = divmod(self.hidden_size, self.attention_heads)
        if rest or head_size not in _HEAD_SIZES:
            sizes = ", ".join(map(str, _HEAD_SIZES))
            raise ValueError(
                f"hidden_size / attention_heads is the head size, which must be one of {sizes}; "
                f"it is {self.hidden_size} / {self.attention_heads}"
            )
        return self


class SupervisedSettings(_Settings):
    """Supervised training of a causal model on given completions."""

    epochs: int = Field(default=1, ge=1, description="How often every row is trained on.")
    rows_per_step: int = Field(default=32, ge=1, description="Rows of an optimiser step.")
    learning_rate: float = Field(default=2e-3, gt=0, description="Peak learning rate of AdamW.")
    warmup_fraction: float = Field(default=0.05, ge=0, lt=1, description="Share of all steps spent warming up.")
    weight_decay: float = Field(default=0.05, ge=0, description="AdamW weight decay.")
    max_gradient_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    checkpoint_every: int = Field(default=200, ge=1, description="Optimiser steps between checkpoints.")
    precision: Precision = Field(default="auto", description=_PRECISION)
    processes: int = Field(
        default=1,
        ge=1,
        description="On a CPU: processes that share the rows of every step. Small models train faster with several "
        "processes of one thread than with one process of several threads. A GPU is used by one process.",
    )
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of torch in each process. Unset: torch decides."
    )
    seed: int = Field(default=0, description="Seed of the order of the rows.")


class RewardModelSettings(_Settings):
    """Training of a reward model on preference pairs."""

    epochs: int = Field(default=1, ge=1, description="How often every training question is trained on.")
    prompts_per_step: int = Field(
        default=64,
        ge=1,
        description="Questions of an optimiser step. A step is measured in questions, because all pairs of a question "
        "are trained together. The paper's 128 shuffled pairs come from about 64 to 128 questions.",
    )
    tokens_per_forward: int = Field(
        default=16_384,
        ge=1,
        description="Most tokens of a forward pass; a step has as many passes as it needs. A question with more "
        "tokens than this is computed twice, which gives the same gradient with less memory.",
    )
    max_tokens: int = Field(
        default=2_048,
        ge=8,
        description="Most tokens of prompt and program together. Longer programs are left out with their pairs; both "
        "are counted.",
    )
    learning_rate: float = Field(default=1e-5, gt=0, description="Peak learning rate of AdamW.")
    warmup_fraction: float = Field(default=0.1, ge=0, lt=1, description="Share of all steps spent warming up.")
    weight_decay: float = Field(default=0.0, ge=0, description="AdamW weight decay.")
    max_gradient_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    average_loss_over: Literal["pairs", "questions"] = Field(
        default="questions",
        description="What the loss of a step is averaged over. 'pairs': as in the released code; questions with many "
        "pairs count more. 'questions': as in equation 1 of the paper. In both, a pair counts by its weight "
        "(pairs.weighting).",
    )
    margin_coefficient: float = Field(
        default=0.0,
        ge=0,
        description="Margin between the two scores of a pair, for a difference of 1 between the pass rates of its "
        "programs: the loss is -log sigmoid(chosen - rejected - coefficient * difference). 0: as in the paper; 3: a "
        "variant of the released code.",
    )
    centre_coefficient: float = Field(
        default=0.01,
        ge=0,
        description="Weight of mean((chosen + rejected)^2) in the loss, which keeps scores around zero.",
    )
    validation_fraction: float = Field(
        default=0.1, gt=0, lt=1, description="Share of questions that are held out to measure accuracy and calibration."
    )
    lora_rank: int = Field(
        default=0,
        ge=0,
        description="0: all weights are trained, as in the paper. Else: the rank of LoRA adapters on all linear "
        "layers, with a scale of 2. Adapters and score head are trained; then the adapters are merged into the "
        "weights.",
    )
    gradient_checkpointing: bool = Field(default=False, description="Compute activations twice, to save memory.")
    checkpoint_every: int = Field(default=100, ge=1, description="Optimiser steps between checkpoints.")
    precision: Precision = Field(default="auto", description=_PRECISION)
    processes: int | None = Field(
        default=None,
        ge=1,
        description="Processes that divide the model and every step among themselves (FSDP2). Unset: one for each "
        "GPU, or one on a CPU.",
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads of torch. Unset: torch decides.")
    seed: int = Field(default=0, description="Seed of the order, of the held-out questions and of the score head.")


class RewardBackboneSettings(_Settings):
    """What the reward model starts from."""

    model: str = Field(
        default="base_policy",
        description="`base_policy`, `scratch` (a new model with its own tokenizer), or a folder or hub id "
        "(owner/name@revision). Its own chat template renders the prompts of the reward model",
    )
    scratch: ScratchModelSettings = ScratchModelSettings()


class ScoringSettings(_Settings):
    """Scoring of programs with a finished reward model."""

    tokens_per_forward: int = Field(default=16_384, ge=1, description="Most tokens of a forward pass.")
    max_tokens: int = Field(
        default=2_048, ge=8, description="Most tokens of prompt and program together; longer programs get no score."
    )
    precision: Precision = Field(default="auto", description=_PRECISION)
    threads: int | None = Field(default=None, ge=1, description="CPU threads of torch. Unset: torch decides.")


class PolicySettings(_Settings):
    """Reinforcement learning of a policy with TRL's GRPOTrainer."""

    algorithm: Literal["grpo", "reinforce_pp_baseline", "reinforce_pp"] = Field(
        default="reinforce_pp_baseline",
        description="How the advantage of a rollout is computed. 'grpo': reward minus the mean of its group, divided "
        "by the group's standard deviation. 'reinforce_pp_baseline': reward minus the mean of its group, whitened "
        "over all tokens of the step. 'reinforce_pp' (as in the paper): reward with a KL per token, whitened over all "
        "tokens of the step.",
    )
    rule_reward: Literal["binary", "pass_rate"] = Field(
        default="binary",
        description="Reward of executed tests. 'binary' (the paper): 1 if every test passes, else 0. 'pass_rate' "
        "(default of the released code): the share of tests that pass.",
    )
    rule_weight: float = Field(
        default=0.0,
        ge=0,
        description="Only if the reward model is the reward: the reward of executed tests is added with this weight. "
        "The unit of the reward is a standard deviation of the reward model's scores.",
    )
    steps: int = Field(default=80, ge=1, description="Steps; each samples anew.")
    updates_per_step: int = Field(
        default=1,
        ge=1,
        description="Optimiser steps that share the rollouts of a step. 1: every one is on-policy; 16: as in the "
        "released code, whose later ones are clipped by how far the policy has moved.",
    )
    prompts_per_step: int = Field(default=256, ge=1, description="Questions that a step is trained on.")
    completions_per_prompt: int = Field(default=8, ge=2, description="Completions of a question: its group.")
    draw_factor: int = Field(
        default=1,
        ge=1,
        description="Questions that are sampled for each one that is trained on. A group with equal rewards teaches "
        "nothing and is dropped (not by 'reinforce_pp'); sampling more keeps steps full.",
    )
    max_completion_tokens: int = Field(
        default=2_048, ge=2, description="Longest completion, in tokens. One that is cut there is not trained on."
    )
    generation: Literal["transformers", "vllm_colocate", "vllm_server"] = Field(
        default="transformers",
        description="What samples the completions of a step. 'transformers': the policy itself, for small models on a "
        "CPU; programs are judged while others are being written. 'vllm_colocate': vLLM on the same GPUs. "
        "'vllm_server': a running `vllm serve` on other GPUs.",
    )
    vllm_memory_share: float = Field(
        default=0.3, gt=0, lt=1, description="With vllm_colocate: share of every GPU's memory that vLLM takes."
    )
    vllm_tensor_parallel_size: int = Field(
        default=1,
        ge=1,
        description="With vllm_colocate: GPUs that share one copy of the model in vLLM, for a model that is too large "
        "for a GPU beside its training. It divides the number of processes.",
    )
    vllm_server: str = Field(default="http://127.0.0.1:8000", description="With vllm_server: address of `vllm serve`.")
    temperature: float = Field(default=1.0, gt=0, description="Sampling temperature, in training and in validation.")
    rows_per_generation: int = Field(default=512, ge=1, description="Most completions that are sampled at once.")
    rows_per_forward: int = Field(
        default=128, ge=1, description="Most completions of a forward and backward pass of one process."
    )
    lora_rank: int = Field(
        default=0,
        ge=0,
        description="0: all weights are trained, as in the paper. Else: the rank of LoRA adapters on all linear "
        "layers, with a scale of 2; the other weights are kept in bfloat16 where that is the precision. The adapters "
        "are merged into the weights that are written. They want a learning rate some ten times higher.",
    )
    learning_rate: float = Field(default=5e-7, gt=0, description="Learning rate of AdamW after warm-up.")
    warmup_steps: int = Field(default=5, ge=0, description="Steps of linear warm-up.")
    lr_schedule: Literal["constant", "cosine"] = Field(
        default="constant",
        description="The learning rate after warm-up. 'cosine' (the released code): down to a tenth of it at the last "
        "step, in the shape of a cosine.",
    )
    max_gradient_norm: float = Field(default=1.0, gt=0, description="Gradients are clipped to this norm.")
    kl_coefficient: float = Field(
        default=0.0,
        ge=0,
        description="Weight of the KL divergence from the starting policy; 0 loads no reference model. 'reinforce_pp' "
        "subtracts it from the reward of each token, 'reinforce_pp_baseline' adds half the squared log ratio (k2) to "
        "the loss, and 'grpo' adds TRL's k3 estimate.",
    )
    validate_every: int = Field(
        default=10,
        ge=1,
        description="Steps between validations, in which tests of the validation questions are executed.",
    )
    validation_completions: int = Field(default=2, ge=1, description="Completions of each validation question.")
    patience: int = Field(
        default=3,
        ge=1,
        description="Training stops after this many validations in a row without a new best share of right programs.",
    )
    hacking_drop: float = Field(
        default=0.03,
        gt=0,
        lt=1,
        description="Reward hacking is detected when, on the validation questions, the share of right programs is "
        "this far below its best (and at least by its standard error), while the reward is higher than it was then.",
    )
    on_hacking: Literal["stop", "report"] = Field(
        default="stop",
        description="After reward hacking: 'stop' the training, or only 'report' it (hacking.md).",
    )
    scoring: ScoringSettings = Field(
        default_factory=ScoringSettings, description="Only if the reward model is the reward: how it scores."
    )
    checkpoint_every: int = Field(default=10, ge=1, description="Steps between checkpoints.")
    gradient_checkpointing: bool = Field(default=False, description="Compute activations twice, to save memory.")
    precision: Precision = Field(default="auto", description=_PRECISION)
    processes: int | None = Field(
        default=None,
        ge=1,
        description="Processes that divide the policy, its optimiser and every step among themselves (FSDP2), and "
        "share one judge. Unset: one for each GPU, or one on a CPU. Their number divides that of the questions that a "
        "step draws. With 'transformers' and without a GPU, it changes no result beyond rounding.",
    )
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of torch in each process. Unset: torch decides."
    )
    seed: int = Field(default=0, description="Seed of the order of questions and of sampling.")

    @model_validator(mode="after")
    def _updates_divide_the_completions_of_a_step(self) -> Self:
        completions = self.questions_drawn * self.completions_per_prompt
        if completions % self.updates_per_step:
            raise ValueError(
                f"a step's {completions} completions cannot be divided evenly among updates_per_step = "
                f"{self.updates_per_step}: change it, prompts_per_step or completions_per_prompt"
            )
        return self

    @property
    def questions_drawn(self) -> int:
        """Questions that a step samples. Without a group baseline no group is dropped, so there are no more."""
        return self.prompts_per_step * (1 if self.algorithm == "reinforce_pp" else self.draw_factor)


class CurveSettings(_Settings):
    """Where the learning curves of all trainings are shown; no result depends on it."""

    trackers: tuple[Tracker, ...] = Field(
        default=(),
        description="Trackers that are sent the curves while a model is trained, beside the page and TensorBoard's "
        "files: mlflow, trackio, wandb. They are installed apart, and take addresses and credentials from the "
        "environment, as always",
    )

    def not_installed(self) -> list[str]:
        """Return the trackers that are not installed here."""
        specs = {name: importlib.util.find_spec(name) for name in self.trackers}
        # A folder of that name, such as the one that wandb writes its runs to, is found too, as a package without code.
        return [name for name, spec in specs.items() if spec is None or spec.origin is None]

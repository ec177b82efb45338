"""What of a training decides about its memory. Reading this loads no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from acecoder_dagster.learning.training.settings import (
    PolicySettings,
    Precision,
    RewardModelSettings,
    ScoringSettings,
    ScratchModelSettings,
    SupervisedSettings,
)

TYPICAL_PROMPT_TOKENS = 512
"""Prompts of a policy are taken to be as long as this, where its context has room for it."""

ModelSource = str | ScratchModelSettings
"""Address of a model whose configuration is read, or the sizes of a model from scratch."""


@dataclass(frozen=True)
class TextLengths:
    """How long the texts of a forward pass are, in tokens; every completion has this length."""

    prompt: int
    completion: int


@dataclass(frozen=True)
class SupervisedTraining:
    """Supervised training of a causal model: every process has the whole model and a share of the rows.

    Attributes:
        model: What is trained.
        rows_per_forward: Rows of a forward and backward pass of one process.
        lengths: Of a row.
        precision: Arithmetic of forward and backward passes.
        processes: Processes that train together.
    """

    model: ModelSource
    rows_per_forward: int
    lengths: TextLengths
    precision: Precision
    processes: int = 1

    @classmethod
    def of(cls, model: ModelSource, settings: SupervisedSettings, context: int) -> Self:
        """Return the training with these settings, for texts of at most `context` tokens."""
        return cls(
            model=model,
            rows_per_forward=-(-settings.rows_per_step // settings.processes),
            lengths=TextLengths(context // 2, context - context // 2),
            precision=settings.precision,
            processes=settings.processes,
        )


@dataclass(frozen=True)
class RewardModelTraining:
    """Training of a reward model. Several processes divide model and optimiser among themselves.

    Attributes:
        model: The backbone.
        tokens_per_forward: Tokens of the packed row of a forward and backward pass.
        lengths: Of a prompt, and of each of its programs.
        programs_per_prompt: How many programs follow a prompt in a row.
        longest_text: Most tokens of prompt and program together; a forward pass has room for them.
        precision: Arithmetic of forward and backward passes.
        gradient_checkpointing: Whether activations are computed twice.
        lora_rank: Rank of the adapters that are trained; 0 where all weights are.
        processes: Processes that train together.
    """

    model: ModelSource
    tokens_per_forward: int
    lengths: TextLengths
    programs_per_prompt: int
    longest_text: int
    precision: Precision
    gradient_checkpointing: bool = False
    lora_rank: int = 0
    processes: int = 1

    @classmethod
    def of(cls, model: ModelSource, settings: RewardModelSettings, processes: int) -> Self:
        """Return the training with these settings.

        Texts are taken to be half as long as they may be, prompt and program each a quarter.
        """
        length = max(1, settings.max_tokens // 4)
        return cls(
            model=model,
            tokens_per_forward=max(settings.tokens_per_forward, settings.max_tokens),
            lengths=TextLengths(length, length),
            programs_per_prompt=8,
            longest_text=settings.max_tokens,
            precision=settings.precision,
            gradient_checkpointing=settings.gradient_checkpointing,
            lora_rank=settings.lora_rank,
            processes=settings.processes or processes,
        )


@dataclass(frozen=True)
class PolicyTraining:
    """Reinforcement of a policy. Several processes divide policy, reference model and optimiser among themselves.

    Attributes:
        model: The policy.
        rows_per_forward: Completions of a forward and backward pass of one process.
        rows_per_generation: Completions that one process samples at once, where the policy itself samples.
        lengths: Of a prompt, and the longest of a completion.
        completions_per_prompt: Completions of a prompt; in a forward pass they share it.
        precision: Arithmetic of forward and backward passes, and of sampling.
        generation: What samples.
        vllm_memory_share: Share of the device that vLLM takes, with `vllm_colocate`.
        has_reference: Whether there is a reference model beside the policy.
        reward_model: The reward model, if its score is the reward.
        scoring: How it scores.
        gradient_checkpointing: Whether activations are computed twice.
        lora_rank: Rank of the adapters that are trained; 0 where all weights are.
        processes: Processes that train together.
        vllm_group: GPUs that share one copy of the model in vLLM.
    """

    model: ModelSource
    rows_per_forward: int
    rows_per_generation: int
    lengths: TextLengths
    completions_per_prompt: int
    precision: Precision
    generation: Literal["transformers", "vllm_colocate", "vllm_server"]
    vllm_memory_share: float = 0.0
    has_reference: bool = False
    reward_model: ModelSource | None = None
    scoring: ScoringSettings | None = None
    gradient_checkpointing: bool = False
    lora_rank: int = 0
    processes: int = 1
    vllm_group: int = 1

    @classmethod
    def of(
        cls,
        model: ModelSource,
        settings: PolicySettings,
        context: int,
        reward_model: ModelSource | None,
        processes: int,
    ) -> Self:
        """Return the training with these settings.

        Completions are taken to be as long as they may be.

        Args:
            model: The policy.
            settings: How it is trained.
            context: Most tokens of a text of the policy.
            reward_model: The reward model, if its score is the reward.
            processes: How many there are where the settings do not say.
        """
        processes = settings.processes or processes
        trained = settings.prompts_per_step * settings.completions_per_prompt
        sampled = settings.questions_drawn * settings.completions_per_prompt
        prompt = max(1, min(TYPICAL_PROMPT_TOKENS, context - settings.max_completion_tokens))
        return cls(
            model=model,
            rows_per_forward=min(settings.rows_per_forward, -(-trained // (processes * settings.updates_per_step))),
            rows_per_generation=-(-min(settings.rows_per_generation, sampled) // processes),
            lengths=TextLengths(prompt, settings.max_completion_tokens),
            completions_per_prompt=settings.completions_per_prompt,
            precision=settings.precision,
            generation=settings.generation,
            vllm_memory_share=settings.vllm_memory_share if settings.generation == "vllm_colocate" else 0.0,
            has_reference=settings.kl_coefficient > 0,
            reward_model=reward_model,
            scoring=settings.scoring if reward_model is not None else None,
            gradient_checkpointing=settings.gradient_checkpointing,
            lora_rank=settings.lora_rank,
            processes=processes,
            vllm_group=settings.vllm_tensor_parallel_size,
        )


Training = SupervisedTraining | RewardModelTraining | PolicyTraining

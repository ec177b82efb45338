"""Settings of reward-model training and RL; no torch in here, so that the orchestrator can read them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Precision = Literal["auto", "float32", "bfloat16"]

_PRECISION = (
    "Arithmetic of forward and backward passes; weights, optimiser and score head stay float32. "
    "'auto': bfloat16 where the device has it in hardware."
)


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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
        description="Most tokens packed into one forward pass; a step is split into several where needed. A "
        "question with more tokens than this still goes through whole.",
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
    centre_coefficient: float = Field(
        default=0.01,
        ge=0,
        description="Weight of mean((chosen + rejected)^2), which keeps scores around zero without changing order.",
    )
    validation_fraction: float = Field(
        default=0.1, gt=0, lt=1, description="Share of questions held out for pair accuracy and calibration."
    )
    checkpoint_every: int = Field(default=100, ge=1, description="Optimiser steps between checkpoints.")
    precision: Precision = Field(default="auto", description=_PRECISION)
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
    """How a policy is trained by reinforcement."""

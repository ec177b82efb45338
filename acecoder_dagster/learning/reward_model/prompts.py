"""The prompts of reward models: whose chat template renders them, said once for training, scoring and reinforcement.

A reward model reads prompts as its own tokenizer's chat template renders them, which is the one of its backbone. The
policy whose programs it scores may be another model, with another template, which its backbone has never seen.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from acecoder_dagster.files import read_json
from acecoder_dagster.learning.model_address import SCRATCH
from acecoder_dagster.learning.sampling import render_prompts

PROMPT_TEMPLATE = "acecoder_prompt_template"
"""Key in the checkpoint's `config.json`: the prompt template that it was trained with."""

REWARD_PROMPT = "reward_prompt"
"""Column of questions with the prompt as a reward model reads it, where `prompt` is that of the policy."""


def reward_prompts(template: str, questions: pl.DataFrame, model: str | Path) -> pl.DataFrame:
    """Return the prompt of each question as a reward model reads it.

    Args:
        template: Name of a file in `prompts/`, without its ending.
        questions: Columns question_id, question, entry_point.
        model: Address of the reward model, which keeps the tokenizer of its backbone; before its training, address of
            the backbone, or `scratch`, which has no chat template.

    Returns:
        Columns question_id and prompt, in the order of the questions.

    Raises:
        PromptError: There is no such template, or it is a chat and the model has no chat template.
    """
    return render_prompts(template, questions, None if model == SCRATCH else str(model))


def trained_template(reward_model: Path) -> str | None:
    """Return the prompt template that a reward model was trained with; None where it was trained elsewhere."""
    template: str | None = (read_json(reward_model / "config.json") or {}).get(PROMPT_TEMPLATE)
    return template

"""The tokens of prompts; sampling, reinforcement, validation, training and reward models all use these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> list[list[int]]:
    """Return the token ids of prompts, each with the start token once where the tokenizer begins texts with one.

    The chat templates of Llama and Mistral write the start token into the text, and their tokenizers put one in front
    of every text. No model has seen two of them. A prompt has no end token: it is to be continued.
    """
    if not prompts:
        return []
    start = _start(tokenizer)
    encoded = tokenizer(list(prompts), add_special_tokens=False)["input_ids"]
    return [list(ids) if ids[: len(start)] == start else [*start, *ids] for ids in encoded]


def _start(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return what the tokenizer puts in front of every text."""
    around: list[int] = list(tokenizer("")["input_ids"])
    ends = bool(around) and around[-1] == tokenizer.eos_token_id
    # Where one token is both start and end, a single one is the start.
    if ends and (len(around) > 1 or tokenizer.bos_token_id != tokenizer.eos_token_id):
        return around[:-1]
    return around

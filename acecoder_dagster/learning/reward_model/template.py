"""The one input format of reward models: training, scoring and RL all go through here.

    text  = prompt + program + end-of-sequence token
    score = output of the score head at that last token

Prompt and program are tokenised separately, so that programs of one prompt share its tokens exactly and a
program's tokens never depend on the prompt before it. (The original has three formats, see its weakness 9:
training, RL and the published example each build the text differently.)
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase

PAD_TOKEN = "<|reward_pad|>"  # noqa: S105 - a vocabulary entry, not a secret


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str]) -> list[list[int]]:
    """Token ids of prompts, without any special token added."""
    return list(tokenizer(list(prompts), add_special_tokens=False)["input_ids"]) if prompts else []


def encode_programs(tokenizer: PreTrainedTokenizerBase, programs: Sequence[str]) -> list[list[int]]:
    """Token ids of programs, each closed by the end-of-sequence token."""
    if not programs:
        return []
    encoded = tokenizer(list(programs), add_special_tokens=False)["input_ids"]
    return [[*ids, tokenizer.eos_token_id] for ids in encoded]


def prepare_tokenizer(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
    """Make sure the end of a program can be told from padding.

    `AutoModelForSequenceClassification` reads the score at the last token that is not padding. With a padding
    token equal to the end-of-sequence token it would skip the end of the program, so such a tokenizer gets a
    padding token of its own, and the model a row for it where its vocabulary has none to spare.

    Args:
        tokenizer: Changed in place.
        model: Sequence classifier; its configuration learns the padding token.

    Raises:
        ValueError: The tokenizer has no end-of-sequence token.
    """
    if tokenizer.eos_token_id is None:
        raise ValueError(
            f"The tokenizer of {tokenizer.name_or_path!r} has no end-of-sequence token, which marks the place the "
            "reward model's score is read at. Choose a backbone with one, or set `eos_token` in its tokenizer."
        )
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        tokenizer.add_special_tokens({"pad_token": PAD_TOKEN})
        if len(tokenizer) > model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(len(tokenizer))
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.eos_token_id = tokenizer.eos_token_id

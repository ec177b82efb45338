"""The input of reward models; training, scoring and reinforcement learning all use this one format.

    text  = prompt + program + end-of-sequence token
    score = output of the score head at that last token

The prompt begins with the start token where the tokenizer has one (`prompt_tokens`). Prompt and program are tokenised
separately, so that programs of a prompt have exactly the same tokens in front of them, and the tokens of a program
never depend on its prompt. (In the released code, training, RL and the published example each build the text in another
way.)
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from acecoder_dagster.learning.errors import RewardModelError

PAD_TOKEN = "<|reward_pad|>"  # noqa: S105 - a vocabulary entry, not a secret


def encode_programs(tokenizer: PreTrainedTokenizerBase, programs: Sequence[str]) -> list[list[int]]:
    """Return the token ids of programs, each with the end-of-sequence token at its end."""
    if not programs:
        return []
    encoded = tokenizer(list(programs), add_special_tokens=False)["input_ids"]
    return [[*ids, tokenizer.eos_token_id] for ids in encoded]


def prepare_tokenizer(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> None:
    """Give the tokenizer a padding token that is not the end-of-sequence token.

    `AutoModelForSequenceClassification` reads the score at the last token that is not padding. If both tokens were the
    same, it would skip the end of the program. A new token gets a row in the model's embedding, if there is none left.

    Args:
        tokenizer: Changed in place.
        model: Sequence classifier; both tokens are written to its configuration.

    Raises:
        RewardModelError: The tokenizer has no end-of-sequence token.
    """
    if tokenizer.eos_token_id is None:
        raise RewardModelError(
            f"The tokenizer of {tokenizer.name_or_path!r} has no end-of-sequence token, at which the score of a reward "
            "model is read. Choose a backbone with such a token, or set `eos_token` in its tokenizer."
        )
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        tokenizer.add_special_tokens({"pad_token": PAD_TOKEN})
        embedding = model.get_input_embeddings()
        if len(tokenizer) > embedding.num_embeddings:
            # The new row has the mean of the others, where they have contents.
            model.resize_token_embeddings(len(tokenizer), mean_resizing=not embedding.weight.is_meta)
    model.config.pad_token_id = tokenizer.pad_token_id
    model.config.eos_token_id = tokenizer.eos_token_id

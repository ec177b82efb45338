"""Models from scratch: a small causal model with random weights and its own tokenizer, as a standard model folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from acecoder_dagster.learning.training.settings import ScratchModelSettings

PAD_TOKEN = "<pad>"  # noqa: S105 - a vocabulary entry, not a secret
END_TOKEN = "<eos>"  # noqa: S105

# Merges may cross spaces, so that phrases and code fragments become tokens (as in SuperBPE, arXiv 2503.13423). That
# halves the tokens, and doubles the rows per second in training and sampling. Merges do not cross line ends,
# semicolons, digits or quoted letters, so that constants stay single characters, which a small model can copy.
_UNIT_BOUNDARY = r"[\n;]|\d|(?<=')[a-z](?=')"


def create_scratch_model(texts: Iterable[str], output: Path, settings: ScratchModelSettings) -> None:
    """Write a model of Qwen3's architecture with random weights, and a tokenizer that is learnt from the texts.

    The architecture is not Qwen2's, because transformers 5 splits words for every Qwen2 model in that model's own way,
    whatever the tokenizer file says. `<pad>` and `<eos>` are different tokens, so that a reward model can score at the
    end.

    Args:
        texts: Texts from which the tokenizer learns its merges.
        output: Folder to write; `AutoTokenizer`, `AutoModelForCausalLM` and vLLM load it.
        settings: Sizes and seed.
    """
    tokenizer = train_tokenizer(texts, settings.vocabulary_size, settings.context_length)
    torch.manual_seed(settings.seed)
    model = Qwen3ForCausalLM(scratch_config(settings, tokenizer.pad_token_id, tokenizer.eos_token_id))
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)


def scratch_config(settings: ScratchModelSettings, pad_token: int = 0, end_token: int = 1) -> Qwen3Config:
    """Return the architecture of a model from scratch.

    Args:
        settings: Its sizes.
        pad_token: Token id of padding.
        end_token: Token id of the end of a text.
    """
    return Qwen3Config(
        vocab_size=settings.vocabulary_size,
        hidden_size=settings.hidden_size,
        intermediate_size=settings.feed_forward_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.attention_heads,
        num_key_value_heads=settings.attention_heads,
        head_dim=settings.hidden_size // settings.attention_heads,
        max_position_embeddings=settings.context_length,
        tie_word_embeddings=True,
        pad_token_id=pad_token,
        eos_token_id=end_token,
        bos_token_id=None,
    )


def train_tokenizer(texts: Iterable[str], vocabulary_size: int, context_length: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer that is learnt from the texts. It encodes and decodes any text unchanged."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_UNIT_BOUNDARY), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[PAD_TOKEN, END_TOKEN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD_TOKEN,
        eos_token=END_TOKEN,
        model_max_length=context_length,
        clean_up_tokenization_spaces=False,
    )

"""Tiny models and tokenizers, made on the spot."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerFast

CHAT_TEMPLATE = (
    "{{ start }}{% for message in messages %}<{{ message['role'] }}>{{ message['content'] }}<eos>{% endfor %}"
)
"""A chat template for `tokenizer`; `start` is replaced by what the template writes in front."""

SIZES = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "tie_word_embeddings": True,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
    "initializer_range": 0.1,
}


def tokenizer(chat_start: str | None = None, *, begins_texts: bool = False) -> "PreTrainedTokenizerFast":
    """Return a byte-level tokenizer of 300 words.

    Args:
        chat_start: What its chat template writes in front; without it, there is no chat template.
        begins_texts: Whether it puts a start token, `<bos>`, in front of every text, as that of Llama does.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", *(["<bos>"] if begins_texts else [])]
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator(["def f(v):\n    return v + 1\n"], trainer)
    if begins_texts:
        start = ("<bos>", words.token_to_id("<bos>"))
        words.post_processor = processors.TemplateProcessing(
            single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[start]
        )
    made = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>" if begins_texts else None
    )
    if chat_start is not None:
        made.chat_template = CHAT_TEMPLATE.replace("{{ start }}", chat_start)
    return made


def save_model(folder: Path, config: "PreTrainedConfig", words: "PreTrainedTokenizerFast") -> Path:
    """Write a causal model with random weights and its tokenizer, and return the folder."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    words.save_pretrained(folder)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config, trust_remote_code=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random two-layer causal model with shared key heads and a byte-level tokenizer."""
    from transformers import Qwen2Config

    return save_model(tmp_path_factory.mktemp("tiny_model"), Qwen2Config(**SIZES), tokenizer())


@pytest.fixture(scope="session")
def tiny_chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random Qwen2 model with a chat template."""
    from transformers import Qwen2Config

    config = Qwen2Config(**SIZES | {"max_position_embeddings": 1024})
    return save_model(tmp_path_factory.mktemp("tiny_chat_model"), config, tokenizer(""))


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random Llama, whose tokenizer and whose chat template both write the start token."""
    from transformers import LlamaConfig

    config = LlamaConfig(**SIZES | {"max_position_embeddings": 1024, "bos_token_id": 2})
    words = tokenizer("{{ bos_token }}", begins_texts=True)
    return save_model(tmp_path_factory.mktemp("tiny_llama"), config, words)

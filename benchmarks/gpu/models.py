"""Models with random weights in the shapes of known ones, and texts whose tokens can be counted."""

from dataclasses import dataclass
from pathlib import Path

LETTERS = "abcdefghijklmnop"
CONTEXT = 4_096


@dataclass(frozen=True)
class Shape:
    """Sizes of a model, and of the texts that it is measured with.

    Attributes:
        hidden: Width of the hidden states.
        layers: Number of layers.
        heads: Attention heads of a layer.
        key_heads: Heads of keys and values.
        feed_forward: Inner width of the feed-forward layers.
        vocabulary: Number of tokens.
        text: Tokens of a prompt, and the mean of a completion.
        prompts: Prompts of a step.
    """

    hidden: int
    layers: int
    heads: int
    key_heads: int
    feed_forward: int
    vocabulary: int
    text: int = 512
    prompts: int = 64


SHAPES = {
    "tiny": Shape(64, 2, 2, 1, 128, 300, text=16, prompts=2),
    "0.5B": Shape(896, 24, 14, 2, 4_864, 151_936),
    "1.5B": Shape(1_536, 28, 12, 2, 8_960, 151_936),
    "7B": Shape(3_584, 28, 28, 4, 18_944, 152_064, prompts=16),
}
"""Those of Qwen2.5, and one for a CPU."""


def write_model(shape: Shape, folder: Path) -> None:
    """Write a causal model of Qwen3's architecture with random weights in bfloat16, and a tokenizer.

    A letter is a token. One token in `shape.text` ends a completion, so that completions have that length on average.
    """
    import torch
    from transformers import Qwen3Config

    from acecoder_dagster.learning.pretrained import untrained_causal_model
    from acecoder_dagster.learning.training.device import pick_device
    from acecoder_dagster.learning.training.scratch import train_tokenizer

    words = train_tokenizer(["a"], 258, CONTEXT)
    config = Qwen3Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.feed_forward,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_heads,
        head_dim=shape.hidden // shape.heads,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        pad_token_id=words.pad_token_id,
        eos_token_id=words.eos_token_id,
        bos_token_id=None,
    )
    torch.manual_seed(0)
    with torch.device(pick_device()):
        model = untrained_causal_model(config, torch.bfloat16, "sdpa")
    ends = range(len(words), shape.vocabulary, shape.text)
    model.generation_config.eos_token_id = [words.eos_token_id, *ends]
    model.save_pretrained(folder)
    words.save_pretrained(folder)


def text(number: int, tokens: int) -> str:
    """Return a text of so many tokens, another one for every number."""
    digits = [LETTERS[number // len(LETTERS) ** place % len(LETTERS)] for place in range(4)]
    return "".join(digits) + "a" * (tokens - len(digits))

"""Tiny chat models that were taught a few answers, so that what they write can be right or wrong."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tests.chat_tokenizers import chat_tokenizer
from tests.tiny_model import save_model

if TYPE_CHECKING:
    from transformers import PreTrainedConfig

# vLLM has attention kernels for heads of 32.
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "max_position_embeddings": 512,
    "tie_word_embeddings": True,
    "initializer_range": 0.1,
}
STEPS, ROWS_PER_STEP = 150, 16


def save_chat_model(
    folder: Path, family: str, kind: type["PreTrainedConfig"], texts: Sequence[str], **more: object
) -> Path:
    """Write a random causal model whose tokenizer is like those of a family and knows the words of texts."""
    words = chat_tokenizer(family, texts, vocabulary_size=700)
    tokens = {
        "vocab_size": len(words),
        "bos_token_id": words.bos_token_id,
        "eos_token_id": words.eos_token_id,
        "pad_token_id": words.pad_token_id,
    }
    return save_model(folder, kind(**SIZES | tokens | more), words)


def teach(folder: Path, questions: pl.DataFrame, answers: Sequence[str]) -> Path:
    """Train the model of a folder until it gives each of the answers to any of the questions, and return the folder.

    Args:
        folder: Folder of a causal model, which is changed.
        questions: Columns question_id, question, entry_point.
        answers: What follows the prompt `evalplus`, without the end of the answer.
    """
    import torch
    from transformers import AutoModelForCausalLM

    from acecoder_dagster.learning.pretrained import load_tokenizer
    from acecoder_dagster.learning.prompt_tokens import encode_prompts
    from acecoder_dagster.learning.sampling import render_prompts

    words = load_tokenizer(folder)
    prompts = encode_prompts(words, render_prompts("evalplus", questions, str(folder))["prompt"].to_list())
    endings = [[*words(answer, add_special_tokens=False)["input_ids"], words.eos_token_id] for answer in answers]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    draw = random.Random(0)
    for _ in range(STEPS):
        rows = [(draw.choice(prompts), draw.choice(endings)) for _ in range(ROWS_PER_STEP)]
        longest = max(len(prompt) + len(ending) for prompt, ending in rows)
        ids = torch.full((len(rows), longest), words.eos_token_id)
        labels = torch.full_like(ids, -100)
        for row, (prompt, ending) in enumerate(rows):
            ids[row, : len(prompt) + len(ending)] = torch.tensor([*prompt, *ending])
            labels[row, len(prompt) : len(prompt) + len(ending)] = torch.tensor(ending)
        model(input_ids=ids, labels=labels).loss.backward()
        optimiser.step()
        optimiser.zero_grad()
    model.save_pretrained(folder)
    return folder

"""Models in GGUF files, the format of llama.cpp, as folders from which every part of the project loads them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
from gguf import GGUFReader, TokenType
from transformers import PreTrainedTokenizerBase

from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.pretrained import load_causal_model, load_config, load_tokenizer, untrained_causal_model

_SPECIAL_TOKENS = {
    "bos_token": "bos_token_id",
    "eos_token": "eos_token_id",
    "pad_token": "padding_token_id",
    "unk_token": "unknown_token_id",
}
"""Names of special tokens in transformers, and of their ids in a GGUF file."""


def convert_gguf(file: Path, output: Path) -> None:
    """Write the model of a GGUF file as a folder of transformers: bfloat16 weights, tokenizer with chat template.

    The weights are what the file has: where they were rounded to four bits, they stay so.

    Args:
        file: The GGUF file.
        output: Folder to write; it is there as a whole or not at all.

    Raises:
        ModelLoadError: The file is no GGUF file, is damaged, or is of an architecture that transformers does not read
            from such files; or the folder has files in it.
    """
    if output.exists() and any(output.iterdir()):
        raise ModelLoadError(f"{output} has files in it: name another folder, or delete this one.")
    tokenizer = _tokenizer(file)
    config = load_config(file.parent, gguf_file=file.name)
    read = load_causal_model(file.parent, gguf_file=file.name)
    # A model that was read from a GGUF file says for ever that it is quantized, and is not saved.
    model = untrained_causal_model(config, torch.bfloat16, "sdpa")
    model.load_state_dict(read.state_dict())
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    part = output.with_name(f".{output.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    part.rename(output)


def _tokenizer(file: Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer with the special tokens that the file names.

    transformers 5.17 takes start for end and knows no padding and no other control token (integrations/ggml.py).
    """
    fields = _read_fields(file)
    tokenizer = load_tokenizer(file.parent, gguf_file=file.name)
    tokenizer.clean_up_tokenization_spaces = False
    named: dict[str, Any] = {
        ours: tokenizer.convert_ids_to_tokens(fields[its]) for ours, its in _SPECIAL_TOKENS.items() if its in fields
    }
    if "eos_token" not in named:
        raise ModelLoadError(f"{file} names no end token, at which answers and scored programs end.")
    kinds = fields.get("token_type", [])
    control = tokenizer.convert_ids_to_tokens([index for index, kind in enumerate(kinds) if kind == TokenType.CONTROL])
    others = [token for token in control if token not in named.values()]
    tokenizer.add_special_tokens({**named, "extra_special_tokens": others})
    return tokenizer


def _read_fields(file: Path) -> dict[str, Any]:
    """Return what the file says about its tokens, by name."""
    prefix = "tokenizer.ggml."
    try:
        reader = GGUFReader(file)
    except (OSError, ValueError, IndexError) as error:
        raise ModelLoadError(f"{file} cannot be read as a GGUF file: {error}. Download it again.") from error
    return {
        name.removeprefix(prefix): field.contents() for name, field in reader.fields.items() if name.startswith(prefix)
    }

"""Conversion of published AceCodeRM checkpoints to standard reward models.

AceCodeRM, like every reward model of LLaMA-Factory, is a causal language model with a value head: its files also have
the weights `v_head.summary.weight` and `v_head.summary.bias`. No class of transformers loads these; a class that
ignores them starts from a random head and only warns. A converted model loads with
`AutoModelForSequenceClassification`, and in TRL as a reward model.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from acecoder_dagster.learning.errors import RewardModelError
from acecoder_dagster.learning.pretrained import load_classifier, load_config, load_tokenizer
from acecoder_dagster.learning.reward_model.template import prepare_tokenizer

_HEAD_WEIGHT, _HEAD_BIAS = "v_head.summary.weight", "v_head.summary.bias"


def convert_value_head(source: Path, output: Path) -> float:
    """Write a reward model with a value head as a sequence classifier with one label.

    The head of a sequence classifier has no bias. The bias is the same for every program, so without it the order of
    programs and the differences between them stay the same: scores are those of the original minus the bias.

    Args:
        source: Folder with config, tokenizer and safetensors files, which include the head.
        output: Folder to write. Weights keep their type.

    Returns:
        The bias that was left out.

    Raises:
        RewardModelError: There are no files, no value head, or a head whose shape does not fit the model.
        ModelLoadError: The model cannot be loaded.
    """
    head = _read_head(source)
    missing = [name for name in (_HEAD_WEIGHT, _HEAD_BIAS) if name not in head]
    if missing:
        raise RewardModelError(
            f"{source} has no {' and no '.join(missing)} in its safetensors files: it is not a reward model with a "
            "value head. Give the folder of the whole checkpoint. A sequence classifier needs no conversion."
        )
    weight, bias = head[_HEAD_WEIGHT], float(head[_HEAD_BIAS])
    tokenizer = load_tokenizer(source)
    config = load_config(source)
    if tuple(weight.shape) != (1, config.hidden_size):
        raise RewardModelError(
            f"The value head of {source} has the shape {tuple(weight.shape)}, but its model needs "
            f"(1, {config.hidden_size}): the files are not from the same checkpoint."
        )
    model = load_classifier(source, dtype="auto")
    model.score.weight.data = weight.to(model.score.weight.dtype)
    prepare_tokenizer(tokenizer, model)
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    return bias


def _read_head(source: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of the value head that the files have, by name."""
    files = sorted(source.glob("*.safetensors"))
    if not files:
        raise RewardModelError(
            f"There are no safetensors files in {source}; download the whole checkpoint there first."
        )
    head: dict[str, torch.Tensor] = {}
    for file in files:
        try:
            with safe_open(file, framework="pt") as tensors:
                found = {_HEAD_WEIGHT, _HEAD_BIAS} & set(tensors.keys())
                head |= {name: tensors.get_tensor(name) for name in found}
        except SafetensorError as error:
            raise RewardModelError(f"{file} is damaged: {error}. Download it again.") from error
    return head

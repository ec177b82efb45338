"""Published AceCodeRM checkpoints as standard reward models.

AceCodeRM (and whatever LLaMA-Factory trains as a reward model) is a causal language model with a value head: weights
`v_head.summary.weight` and `v_head.summary.bias` beside the model's own. No class of transformers loads that; one
that ignores them starts from a random head, with a warning only. What is written here loads with
`AutoModelForSequenceClassification` and wherever TRL takes a reward model.
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

    A sequence classifier's head has no bias. The bias is the same for every program, so leaving it out changes neither
    the order of programs nor differences between them: scores are those of the original minus the bias.

    Args:
        source: Folder with config, tokenizer and safetensors files, the head among them.
        output: Folder to write; weights keep the type they have.

    Returns:
        The bias that was left out.

    Raises:
        RewardModelError: There is no such model, no value head, or a head of another shape than the model.
    """
    head = _read_head(source)
    missing = [name for name in (_HEAD_WEIGHT, _HEAD_BIAS) if name not in head]
    if missing:
        raise RewardModelError(
            f"{source} has no {' and no '.join(missing)} in its safetensors files: it is no reward model with a value "
            "head. Give the folder of the whole checkpoint; a sequence classifier needs no conversion."
        )
    weight, bias = head[_HEAD_WEIGHT], float(head[_HEAD_BIAS])
    tokenizer = load_tokenizer(source)
    config = load_config(source)
    if tuple(weight.shape) != (1, config.hidden_size):
        raise RewardModelError(
            f"The value head of {source} has the shape {tuple(weight.shape)}, its model needs "
            f"(1, {config.hidden_size}): the files are not of one checkpoint."
        )
    model = load_classifier(source, dtype="auto")
    model.score.weight.data = weight.to(model.score.weight.dtype)
    prepare_tokenizer(tokenizer, model)
    model.save_pretrained(output)
    tokenizer.save_pretrained(output)
    return bias


def _read_head(source: Path) -> dict[str, torch.Tensor]:
    """The tensors of the value head, from whichever of the files holds them."""
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

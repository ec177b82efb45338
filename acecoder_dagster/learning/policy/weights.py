"""The weights of a policy as other programs know them, whatever the training has made of it."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch.distributed.tensor import DTensor

ADAPTER = "default"
"""peft's name of the adapter that is trained."""


def plain_weights(policy: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield name and value of every weight, whole, as in the model that the training started from.

    Weights that processes have divided are put together, one at a time: all of them must take what this yields. LoRA
    adapters are added to the weights that they belong to; the policy itself is not touched.

    Args:
        policy: A causal model, perhaps with adapters (`PeftModel`), perhaps divided (FSDP2).
    """
    base = policy.get_base_model() if isinstance(policy, PeftModel) else policy
    adapted = {name: module for name, module in base.named_modules() if isinstance(module, LoraLayer)}
    with torch.no_grad():
        for name, weight in base.named_parameters():
            owner, _, kind = name.rpartition(".base_layer.")
            if owner in adapted:
                value = _whole(weight)
                if kind == "weight":
                    value = (value.float() + _added(adapted[owner])).to(value.dtype)
                yield f"{owner}.{kind}", value
            elif ".lora_" not in name:
                yield name, _whole(weight)


def _added(layer: LoraLayer) -> torch.Tensor:
    """Return what an adapter adds to the weight of its layer."""
    down, up = (_whole(side[ADAPTER].weight).float() for side in (layer.lora_A, layer.lora_B))
    product: torch.Tensor = up @ down * layer.scaling[ADAPTER]
    return product


def _whole(weight: torch.Tensor) -> torch.Tensor:
    return weight.full_tensor() if isinstance(weight, DTensor) else weight.detach()

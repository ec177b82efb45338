"""Checkpoints of our own training loops: weights, optimiser and random state in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_state_dict,
)

from acecoder_dagster.learning.training.checkpoints import (
    checkpoint_folder,
    keep_only,
    last_complete_checkpoint,
    mark_complete,
)
from acecoder_dagster.learning.training.team import Team

_FILE = "state.pt"
_FULL_ON_CPU = StateDictOptions(full_state_dict=True, cpu_offload=True)


def write_state(
    work: Path,
    step: int,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    team: Team,
    **more: list[float],
) -> None:
    """Write a checkpoint after `step` optimiser steps, and delete the earlier ones.

    Args:
        work: Folder for unfinished work, see `checkpoints.open_work_folder`.
        step: Steps done.
        network: The model that is trained.
        optimizer: Its optimiser.
        team: The processes that train. All of them call this function, and the first one writes.
        more: Other values that the loop needs to go on.
    """
    weights, optimizing = get_state_dict(network, optimizer, options=_FULL_ON_CPU)
    if not team.is_first:
        return
    folder = checkpoint_folder(work, step)
    folder.mkdir()
    torch.save({"model": weights, "optimizer": optimizing, "random": torch.get_rng_state(), **more}, folder / _FILE)
    mark_complete(folder)
    keep_only(work, folder)


def read_state(work: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> tuple[int, dict[str, Any]]:
    """Load the last complete checkpoint into the network, the optimiser and torch's random generator.

    Returns:
        The steps done (0 where there is no checkpoint yet), and the other values that were kept.
    """
    found = last_complete_checkpoint(work)
    if found is None:
        return 0, {}
    step, folder = found
    state = torch.load(folder / _FILE, weights_only=True)
    set_state_dict(
        network,
        optimizer,
        model_state_dict=state.pop("model"),
        optim_state_dict=state.pop("optimizer"),
        options=StateDictOptions(full_state_dict=True),
    )
    torch.set_rng_state(state.pop("random"))
    return step, state


def full_weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return all weights of a network that a team has divided, in the first process; nothing in the others."""
    weights: dict[str, torch.Tensor] = get_model_state_dict(network, options=_FULL_ON_CPU)
    return weights

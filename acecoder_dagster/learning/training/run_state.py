"""What a training loop of ours needs to go on after a kill: weights, optimiser, random state, in one checkpoint."""

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
        network: Its weights are kept.
        optimizer: Its state is kept.
        team: The processes that train; all of them call this, the first one writes.
        more: What else the loop has gathered.
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
    """Load the last complete checkpoint into network, optimiser and random generator.

    Returns:
        Steps done, 0 where there is no checkpoint yet; and what else was kept.
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
    """The weights of a network that processes have divided: all of them in the first process, none elsewhere."""
    weights: dict[str, torch.Tensor] = get_model_state_dict(network, options=_FULL_ON_CPU)
    return weights

"""What a training loop of ours needs to go on after a kill: weights, optimiser, random state, in one checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from acecoder_dagster.training.checkpoints import (
    checkpoint_folder,
    keep_only,
    last_complete_checkpoint,
    mark_complete,
)

_FILE = "state.pt"


def write_state(
    work: Path, step: int, network: torch.nn.Module, optimizer: torch.optim.Optimizer, **more: list[float]
) -> None:
    """Write a checkpoint after ``step`` optimiser steps, and delete the earlier ones.

    Args:
        work: Folder for unfinished work, see :func:`~checkpoints.open_work_folder`.
        step: Steps done.
        network: Its weights are kept.
        optimizer: Its state is kept.
        more: What else the loop has gathered.
    """
    folder = checkpoint_folder(work, step)
    folder.mkdir()
    state = {
        "model": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        **more,
    }
    torch.save(state, folder / _FILE)
    mark_complete(folder)
    keep_only(work, folder)


def read_state(
    work: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[int, dict[str, Any]]:
    """Load the last complete checkpoint into network, optimiser and random generator.

    Returns:
        Steps done, 0 where there is no checkpoint yet; and what else was kept.
    """
    found = last_complete_checkpoint(work)
    if found is None:
        return 0, {}
    step, folder = found
    state = torch.load(folder / _FILE, map_location=device, weights_only=True)
    network.load_state_dict(state.pop("model"))
    optimizer.load_state_dict(state.pop("optimizer"))
    torch.set_rng_state(state.pop("random").cpu())
    return step, state

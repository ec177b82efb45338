"""Checkpoints of our own training loops: weights, optimiser and random state.

Every process writes the part of the model that it has, and reads it back: nothing is ever put together.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.distributed import checkpoint
from torch.distributed.checkpoint.api import CheckpointException
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

_FILE = "loop.pt"


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
        team: The processes that train. All of them call this function.
        more: Other values that the loop needs to go on.
    """
    folder = checkpoint_folder(work, step)
    with _plain_errors():
        checkpoint.save(_parts(network, optimizer), checkpoint_id=folder, process_group=team.talk)
    if team.is_first:
        torch.save({"random": torch.get_rng_state(), **more}, folder / _FILE)
        mark_complete(folder)
        keep_only(work, folder)


def read_state(
    work: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer, team: Team
) -> tuple[int, dict[str, Any]]:
    """Load the last complete checkpoint into the network, the optimiser and torch's random generator.

    Returns:
        The steps done (0 where there is no checkpoint yet), and the other values that were kept.
    """
    found = team.from_first(lambda: last_complete_checkpoint(work))
    if found is None:
        return 0, {}
    step, folder = found
    parts = _parts(network, optimizer)
    with _plain_errors():
        checkpoint.load(parts, checkpoint_id=folder, process_group=team.talk)
    set_state_dict(network, optimizer, model_state_dict=parts["model"], optim_state_dict=parts["optimizer"])
    state = torch.load(folder / _FILE, weights_only=True)
    torch.set_rng_state(state.pop("random"))
    return step, state


def full_weights(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return all weights of a network that a team has divided, in the first process; nothing in the others."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights: dict[str, torch.Tensor] = get_model_state_dict(network, options=options)
    return weights


def _parts(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Return the parts of weights and optimiser that this process has, which share their memory."""
    weights, optimizing = get_state_dict(network, optimizer)
    return {"model": weights, "optimizer": optimizing}


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Let an error through as it is: a full disk, a wish to stop; and no warning that one process trains alone."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is disabled")
        try:
            yield
        except CheckpointException as gathered:
            for error, _ in gathered.failures.values():
                raise error from gathered
            raise

"""Training by several processes of one machine, each with its share of every step.

On GPUs, one process each. On a CPU, because the operations of a small model are too short to be split among threads:
threads wait for each other thousands of times in a step, and for each other's turn wherever cores are shared.
Processes wait for each other once.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import distributed
from torch.distributed.fsdp import fully_shard

from acecoder_dagster.learning.processes import end_with_parent
from acecoder_dagster.learning.training.device import pick_device

SILENCE = timedelta(minutes=5)
"""After so long without a word from the others they count as dead; a step takes seconds."""

_Row = TypeVar("_Row")


@dataclass(frozen=True)
class Team:
    """The processes of one training, seen from one of them; the first one writes checkpoints and tells progress.

    Attributes:
        rank: Number of this process, from 0.
        size: Processes in all.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is the process that called the training."""
        return self.rank == 0

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        device = pick_device()
        return torch.device(device.type, self.rank) if device.type == "cuda" else device

    def share(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        """The rows of a step that are this process's, long and short ones alike; none where rows are few."""
        return rows[self.rank :: self.size]

    def add_up(self, network: torch.nn.Module, loss: torch.Tensor) -> float:
        """Put the sum over all processes in the place of every gradient; return the sum of the losses."""
        if self.size == 1:
            return float(loss)
        parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        gradients = [torch.zeros_like(each) if each.grad is None else each.grad for each in parameters]
        summed = torch.cat([loss.detach().reshape(1), *(gradient.reshape(-1) for gradient in gradients)])
        distributed.all_reduce(summed)
        parts = summed[1:].split([each.numel() for each in parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter)
        return float(summed[0])

    def divide(self, network: torch.nn.Module, layers: Iterable[torch.nn.Module]) -> None:
        """Divide weights, gradients and optimiser state among the processes (FSDP2), layer by layer.

        Every gradient becomes the mean over the processes. Make the optimiser afterwards.
        """
        if self.size == 1:
            return
        for part in (*layers, network):
            fully_shard(part)

    def gather(self, own: _Row) -> list[_Row]:
        """What each process has, in the order of the processes."""
        if self.size == 1:
            return [own]
        gathered: list[Any] = [None] * self.size
        distributed.all_gather_object(gathered, own)
        return gathered


@contextmanager
def team(size: int, help_along: Callable[..., None], *arguments: Any) -> Iterator[Team]:  # noqa: ANN401 - helper's own
    """Start the other processes of a training; they end with the block, and with this process.

    Args:
        size: Processes in all, this one included.
        help_along: What the others do, a function of a module: called with their `Team` and `arguments`.
        arguments: Sent to the others.

    Raises:
        RuntimeError: Another process ended too early; its own words are on stderr.
    """
    if size == 1:
        yield Team()
        return
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder) / "meeting"
        helpers = [
            context.Process(target=_helper, args=(os.getpid(), rank, size, meeting, help_along, arguments), daemon=True)
            for rank in range(1, size)
        ]
        for helper in helpers:
            helper.start()
        try:
            yield _join(0, size, meeting)
            for helper in helpers:
                helper.join()
        finally:
            for helper in helpers:
                helper.kill()
                helper.join()
            if distributed.is_initialized():
                distributed.destroy_process_group()


def _helper(
    parent: int, rank: int, size: int, meeting: Path, help_along: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    end_with_parent(parent)
    help_along(_join(rank, size, meeting), *arguments)
    distributed.destroy_process_group()


def _join(rank: int, size: int, meeting: Path) -> Team:
    # All are on this machine, whatever its name resolves to.
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    meeting_point = f"file://{meeting}"
    whole = Team(rank, size)
    backend = "gloo"
    if whole.device.type == "cuda":
        torch.cuda.set_device(whole.device)
        backend = "cpu:gloo,cuda:nccl"
    distributed.init_process_group(backend, init_method=meeting_point, rank=rank, world_size=size, timeout=SILENCE)
    return whole

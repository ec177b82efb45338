"""Teams: several processes of one machine that train one model together (torch's term is process group).

On GPUs a team has one process for each. On a CPU a team is faster than threads for a small model: its operations are
too short to be split among threads, which wait for each other thousands of times in a step. Processes wait once.

Each process runs the same training on its share of every step. The one that starts the team takes part as its first
member, so that checkpoints and progress stay in the process that called the training, and a policy's judge in one
place. This is why neither torchrun nor accelerate starts the processes: they would run all members as new programs.
Inside a team accelerate finds what its own launcher would have told it.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import distributed
from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.multiprocessing import ProcessExitedException, ProcessRaisedException, start_processes

from acecoder_dagster.learning.errors import ProcessEndedError
from acecoder_dagster.learning.processes import end_with_parent
from acecoder_dagster.learning.training.device import pick_device

LONGEST_WAIT = timedelta(hours=2)
"""How long a process waits for what another one says, as while programs are judged. A killed one is noticed at once."""

LONGEST_STEP = timedelta(minutes=30)
"""How long a process waits for the tensors of the others before it takes them for dead. GPUs do not notice a killed one
themselves. Within this time the first process writes a checkpoint of a large model."""

_LAUNCHER_VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_SET_BY_ACCELERATE = ("ACCELERATE_USE_FSDP", "FSDP_CPU_RAM_EFFICIENT_LOADING")

SECONDS_TO_FAIL = 30.0
"""How long a member that failed may take to say why, after another one has noticed."""

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Team:
    """The processes of one training, seen from one of them.

    Attributes:
        rank: Number of this process, from 0.
        size: Number of processes.
        talk: The group through which the processes tell each other objects.
    """

    rank: int = 0
    size: int = 1
    talk: distributed.ProcessGroup | None = field(default=None, compare=False, repr=False)

    @property
    def is_first(self) -> bool:
        """Whether this process started the training; it alone writes checkpoints and reports progress."""
        return self.rank == 0

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        device = pick_device()
        return torch.device(device.type, self.rank) if device.type == "cuda" else device

    def share(self, rows: Sequence[_Item]) -> Sequence[_Item]:
        """Return this process's rows of a step; none where there are fewer rows than processes."""
        return rows[self.rank :: self.size]

    def add_up(self, network: torch.nn.Module, loss: torch.Tensor) -> float:
        """Replace every gradient by its sum over all processes, and return the sum of the losses."""
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

    def divide(
        self,
        network: torch.nn.Module,
        layers: Iterable[torch.nn.Module],
        weights: dict[str, torch.Tensor],
        mixed_precision: MixedPrecisionPolicy | None = None,
    ) -> None:
        """Divide weights, gradients and optimiser state among the processes, layer by layer (FSDP2).

        The first process hands the weights out one by one. So no process needs room for more than its own part and the
        largest weight, but for the first, which has them all. Each is sent in the type that it has there, and takes the
        type that it has in the network.

        From then on every gradient is the mean over the processes. Make the optimiser afterwards. In a team of one
        nothing is done.

        Args:
            network: The model, in every process. Its weights have no contents (device `meta`), its buffers do.
            layers: Parts of it that are put together and taken apart as one.
            weights: In the first process all weights by name (`state_dict`); empty in the others.
            mixed_precision: How layers compute; in the type of the weights where it is None.
        """
        if self.size == 1:
            return
        # The others wait here as long as the first one reads.
        self.gather(None)
        for part in (*layers, network):
            fully_shard(part, mp_policy=mixed_precision or MixedPrecisionPolicy())
        # As `to_empty`, but buffers keep what is in them.
        network._apply(
            lambda each: torch.empty_like(each, device=self.device) if each.is_meta else each.to(self.device)
        )
        options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
        set_model_state_dict(network, dict(weights), options=options)

    def gather(self, own: _Item) -> list[_Item]:
        """Return what every process passes here, in the order of the processes."""
        if self.size == 1:
            return [own]
        gathered: list[Any] = [None] * self.size
        distributed.all_gather_object(gathered, own, group=self.talk)
        return gathered

    def from_first(self, own: Callable[[], _Item]) -> _Item:
        """Return in every process what the first one computes; the others wait for it."""
        if self.size == 1:
            return own()
        told: list[Any] = [own() if self.is_first else None]
        distributed.broadcast_object_list(told, src=0, group=self.talk)
        return told[0]  # type: ignore[no-any-return]


@contextmanager
def start_team(size: int, helper: Callable[..., None], *arguments: Any) -> Iterator[Team]:  # noqa: ANN401 - helper's own
    """Start the other processes of a training. They end with the block, and with this process.

    Args:
        size: Number of processes, this one included.
        helper: What the other processes run, a function of a module. It is called with their `Team` and `arguments`.
        arguments: Sent to the other processes.

    Yields:
        The team, seen from this process.

    Raises:
        ProcessEndedError: Another process failed or was killed.
    """
    if size == 1:
        yield Team()
        return
    with tempfile.TemporaryDirectory() as folder, _restored((*_LAUNCHER_VARIABLES, *_SET_BY_ACCELERATE)):
        meeting = Path(folder) / "meeting"
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
        helpers = start_processes(
            _run_helper, (os.getpid(), size, meeting, helper, arguments), nprocs=size - 1, join=False, daemon=True
        )
        try:
            try:
                yield _join(0, size, meeting)
                while not helpers.join():
                    pass
            except RuntimeError:
                # A member that lost another one can only say that; the other one's error is the reason.
                helpers.join(SECONDS_TO_FAIL)
                raise
        except ProcessRaisedException as error:
            reason = str(error).strip().splitlines()[-1]
            raise ProcessEndedError(f"Process {error.error_index + 2} of {size} failed: {reason}") from error
        except ProcessExitedException as error:
            raise ProcessEndedError(
                f"Process {error.error_index + 2} of {size} was ended by {error.signal_name or error.exit_code}, "
                "perhaps for lack of memory. Start the training again: it goes on from its last checkpoint.",
                was_killed=True,
            ) from error
        finally:
            for process in helpers.processes:
                process.kill()
                process.join()
            if distributed.is_initialized():
                distributed.destroy_process_group()


@contextmanager
def _restored(variables: Iterable[str]) -> Iterator[None]:
    """Put variables of the environment back to what they were."""
    before = {name: os.environ.get(name) for name in variables}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _run_helper(
    index: int, parent: int, size: int, meeting: Path, helper: Callable[..., None], arguments: tuple[Any, ...]
) -> None:
    end_with_parent(parent)
    helper(_join(index + 1, size, meeting), *arguments)
    distributed.destroy_process_group()


def _join(rank: int, size: int, meeting: Path) -> Team:
    # All members are on this machine, whatever its name resolves to.
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    # As torch's launcher tells them; accelerate and vLLM read them.
    place = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": size}
    os.environ |= {name: str(value) for name, value in place.items()}
    team = Team(rank, size)
    backend = "gloo"
    if team.device.type == "cuda":
        torch.cuda.set_device(team.device)
        backend = "cpu:gloo,cuda:nccl"
    distributed.init_process_group(
        backend, init_method=f"file://{meeting}", rank=rank, world_size=size, timeout=LONGEST_STEP
    )
    return replace(team, talk=distributed.new_group(backend="gloo", timeout=LONGEST_WAIT))

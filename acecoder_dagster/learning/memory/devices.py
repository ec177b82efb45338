"""The devices on which a training runs, and what they have."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from acecoder_dagster.learning.errors import DevicesError

GB = 10**9
_WRITTEN = re.compile(r"\s*(?:(?P<count>\d+)\s*x\s*)?(?P<size>\d+(?:\.\d+)?)\s*GB\s*", re.IGNORECASE)
_CONTROL_GROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class Devices:
    """Devices of one machine.

    Attributes:
        count: How many; a machine without GPUs has one.
        memory: Bytes of each.
        are_gpus: Whether they are GPUs; else it is the memory of the machine.
    """

    count: int
    memory: float
    are_gpus: bool

    def __str__(self) -> str:
        """Return them as people write them."""
        size = f"{self.memory / GB:.0f} GB"
        return f"{self.count} x {size}" if self.are_gpus else f"{size} of this machine, without a GPU"


def read_devices(written: str) -> Devices:
    """Return the GPUs that are written as `8 x 80 GB` or `24 GB`.

    Raises:
        DevicesError: It is written otherwise.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None or not float(found["size"]) or found["count"] == "0":
        raise DevicesError(f"{written!r} names no devices: write them as '8 x 80 GB', or '24 GB' for one.")
    return Devices(int(found["count"] or 1), float(found["size"]) * GB, are_gpus=True)


def devices_here() -> Devices:
    """Return the GPUs of this machine, or its memory where it has none."""
    import torch

    if torch.cuda.is_available():
        sizes = [torch.cuda.get_device_properties(index).total_memory for index in range(torch.cuda.device_count())]
        return Devices(len(sizes), min(sizes), are_gpus=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _CONTROL_GROUP.read_text().strip() if _CONTROL_GROUP.is_file() else "max"
    return Devices(1, memory if limit == "max" else min(memory, int(limit)), are_gpus=False)

"""Where training runs, and in what precision."""

from __future__ import annotations

import math
import random
import time

import numpy
import torch

from acecoder_dagster.learning.hardware import multiplies_bfloat16
from acecoder_dagster.learning.training.settings import Precision


def pick_device() -> torch.device:
    """Return the first GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wants_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Return whether forward passes run in bfloat16.

    With `auto` they do where the hardware multiplies bfloat16.
    """
    return multiplies_bfloat16(device.type) if precision == "auto" else precision == "bfloat16"


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """Return the context in which forward passes run in this precision; weights stay float32.

    A forward pass uses every weight once. So the rounded copies are not kept for a second use, which would take half as
    much memory again as the weights.
    """
    enabled = wants_bfloat16(precision, device)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled, cache_enabled=False)


def limit_threads(threads: int | None) -> None:
    """Limit torch's CPU threads, if a number is given."""
    if threads is not None:
        torch.set_num_threads(threads)


def prepare_process(threads: int | None, seed: int) -> None:
    """Limit torch's CPU threads, and seed all random generators."""
    limit_threads(threads)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def measured_peak_flops(precision: Precision, device: torch.device) -> float:
    """Return the floating-point operations per second of a large matrix product, the most that a training could reach.

    It is measured, with the threads and the precision that the training uses, because no table knows this machine.
    """
    size, repetitions = (8_192, 20) if device.type == "cuda" else (1_024, 3)
    matrix = torch.ones(size, size, device=device)
    if wants_bfloat16(precision, device):
        matrix = matrix.bfloat16()
    best = math.inf
    for _ in range(repetitions):
        _wait(device)
        started = time.perf_counter()
        matrix @ matrix
        _wait(device)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)

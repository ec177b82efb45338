"""Where and in what precision training runs."""

from __future__ import annotations

import math
import random
import time

import numpy
import torch

from acecoder_dagster.learning.training.settings import Precision


def pick_device() -> torch.device:
    """The first GPU where there is one, the CPU otherwise."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wants_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Whether forward passes run in bfloat16.

    `auto` says yes where the device multiplies bfloat16 natively; a CPU without it would emulate, many times
    slower than float32.
    """
    if precision == "auto":
        if device.type == "cuda":
            return bool(torch.cuda.is_bf16_supported())
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return precision == "bfloat16"


def autocast(precision: Precision, device: torch.device) -> torch.autocast:
    """Context in which forward passes run in the wanted precision, over float32 weights."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=wants_bfloat16(precision, device))


def prepare_process(threads: int | None, seed: int) -> None:
    """Limit torch's CPU threads and seed every source of randomness."""
    if threads is not None:
        torch.set_num_threads(threads)
    random.seed(seed)
    numpy.random.seed(seed)
    torch.manual_seed(seed)


def measured_peak_flops(precision: Precision, device: torch.device) -> float:
    """Floating-point operations per second of a large matrix product here and now: what a training is held against.

    Measured rather than looked up: the product uses the threads and the precision that training uses.
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

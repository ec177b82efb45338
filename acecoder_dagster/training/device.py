"""Where and in what precision training runs."""

from __future__ import annotations

import random

import numpy
import torch

from acecoder_dagster.training.settings import Precision


def pick_device() -> torch.device:
    """The first GPU where there is one, the CPU otherwise."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wants_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Whether forward passes run in bfloat16.

    ``auto`` says yes where the device multiplies bfloat16 natively; a CPU without it would emulate, many times
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

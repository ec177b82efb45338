"""Which GPUs an engine uses."""

import os
from collections.abc import Sequence

from acecoder_dagster.learning.errors import SamplingError
from acecoder_dagster.learning.sampling.settings import EngineSettings

VISIBLE_GPUS = "CUDA_VISIBLE_DEVICES"
"""Variable that names the GPUs of a process; it counts before the process first uses one."""


def visible_gpus() -> list[str]:
    """Return the names by which `VISIBLE_GPUS` lists the GPUs that this process may use; none of them is used yet."""
    import torch  # not above: the process of an engine says how many threads it has before it loads torch

    count = torch.cuda.device_count()
    named = os.environ.get(VISIBLE_GPUS)
    return named.split(",")[:count] if named else [str(number) for number in range(count)]


def gpus_of_engines(engine: EngineSettings, gpus: Sequence[str]) -> list[list[str]]:
    """Return the GPUs of each engine, no GPU twice; an empty list for each where the machine has none.

    Args:
        engine: How many engines there are, and how many GPUs share one model.
        gpus: Names of all GPUs.

    Raises:
        SamplingError: There are fewer GPUs than the engines need.
    """
    size = engine.tensor_parallel_size
    if not gpus:
        return [[] for _ in range(engine.replicas or 1)]
    engines = engine.replicas or max(1, len(gpus) // size)
    if engines * size > len(gpus):
        raise SamplingError(
            f"sampling.engine asks for {engines} engines of {size} GPUs each, but {len(gpus)} GPUs are there: lower "
            "replicas or tensor_parallel_size."
        )
    return [list(gpus[start : start + size]) for start in range(0, engines * size, size)]

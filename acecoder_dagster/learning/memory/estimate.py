"""How much memory a training needs on each device: the rehearsed step, and what is not torch's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from transformers import PreTrainedConfig

from acecoder_dagster.learning.memory.devices import GB, Devices
from acecoder_dagster.learning.memory.rehearsal import (
    GRADIENTS,
    SAMPLING,
    SCORING,
    Architectures,
    Rehearsed,
    rehearse,
    with_layers,
)
from acecoder_dagster.learning.memory.trainings import ModelSource, PolicyTraining, Training
from acecoder_dagster.learning.pretrained import load_config
from acecoder_dagster.learning.training.scratch import scratch_config
from acecoder_dagster.learning.training.settings import ScratchModelSettings

GPU_OVERHEAD = 3 * GB
"""Of a GPU: CUDA, its libraries and those for talking to other GPUs, and gaps between tensors."""

CPU_OVERHEAD = 1 * GB
"""Of a process on a CPU: Python and its libraries."""

_FEW_LAYERS = (3, 5)
"""A deeper model is rehearsed with so many layers: each further layer adds the same."""

_VLLM_LEAST = 1.2
"""vLLM holds its weights and the states of some texts: together at least this times the weights."""

_BYTES_OF_BFLOAT16 = 2


@dataclass(frozen=True)
class Estimate:
    """What a training needs on each device, in bytes.

    Attributes:
        tensors: Of torch, when it needs most.
        phase: When that is.
        parts: What they are; the rest is `activations`.
        vllm: What vLLM takes beside them.
        overhead: Of the process, see `GPU_OVERHEAD`.
        processes: How many processes there are; on a CPU they share the memory of the machine.
    """

    tensors: int
    phase: str
    parts: dict[str, int]
    vllm: float
    overhead: float
    processes: int

    @property
    def total(self) -> float:
        """All together."""
        return self.tensors + self.vllm + self.overhead

    def fits(self, devices: Devices) -> bool:
        """Whether there are so many devices, and each has so much."""
        if devices.are_gpus:
            return self.processes <= devices.count and self.total <= devices.memory
        return self.processes * self.total <= devices.memory


@lru_cache(maxsize=256)
def estimate(training: Training, devices: Devices) -> Estimate:
    """Return what a training needs.

    Raises:
        ModelLoadError: The configuration of a model cannot be read.
    """
    rehearsed = _rehearsed(training, on_gpu=devices.are_gpus)
    phase, tensors = max(rehearsed.peaks.items(), key=lambda peak: peak[1])
    parts = dict(rehearsed.parts)
    if phase in (SAMPLING, SCORING):
        del parts[GRADIENTS]
    parts["activations"] = tensors - sum(parts.values())
    return Estimate(
        tensors=tensors,
        phase=phase,
        parts=parts,
        vllm=_vllm(training, rehearsed.weights, devices),
        overhead=GPU_OVERHEAD if devices.are_gpus else CPU_OVERHEAD,
        processes=training.processes,
    )


def _vllm(training: Training, weights: int, devices: Devices) -> float:
    """Return what vLLM takes of a device: its share, or what it needs at least."""
    if not isinstance(training, PolicyTraining) or training.generation != "vllm_colocate":
        return 0.0
    needed = _VLLM_LEAST * _BYTES_OF_BFLOAT16 * weights / training.vllm_group
    return max(training.vllm_memory_share * devices.memory, needed)


def context_of(model: ModelSource) -> int:
    """Return the most tokens of a text of a model.

    Raises:
        ModelLoadError: Its configuration cannot be read.
    """
    context: int = _config(model).get_text_config().max_position_embeddings
    return context


def _rehearsed(training: Training, *, on_gpu: bool) -> Rehearsed:
    trained = _config(training.model)
    scoring = training.reward_model if isinstance(training, PolicyTraining) else None
    reward_model = None if scoring is None else _config(scoring)
    layers = trained.get_text_config().num_hidden_layers
    if layers <= _FEW_LAYERS[1]:
        return rehearse(training, Architectures(trained, reward_model), on_gpu=on_gpu)
    few, more = (
        rehearse(training, Architectures(with_layers(trained, count), reward_model), on_gpu=on_gpu)
        for count in _FEW_LAYERS
    )
    further = (layers - _FEW_LAYERS[1]) / (_FEW_LAYERS[1] - _FEW_LAYERS[0])

    def grown(small: int, large: int) -> int:
        return int(large + (large - small) * further)

    return Rehearsed(
        peaks={phase: grown(few.peaks[phase], peak) for phase, peak in more.peaks.items()},
        parts={part: grown(few.parts[part], size) for part, size in more.parts.items()},
        weights=grown(few.weights, more.weights),
    )


@lru_cache
def _config(model: ModelSource) -> PreTrainedConfig:
    return scratch_config(model) if isinstance(model, ScratchModelSettings) else load_config(model)

"""Looking for settings with which a training fits on its devices."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from acecoder_dagster.learning.memory.devices import Devices
from acecoder_dagster.learning.memory.estimate import Estimate, estimate
from acecoder_dagster.learning.memory.rehearsal import SAMPLING
from acecoder_dagster.learning.memory.trainings import PolicyTraining, RewardModelTraining, SupervisedTraining, Training

LORA_RANK = 32
"""Rank of the adapters that are proposed."""

_MOST_DEVICES = 64


@dataclass(frozen=True)
class Remedy:
    """Changes with which a training needs less memory.

    Attributes:
        changes: Settings to change, by their names within the section of the training, and their values as in TOML.
        devices: The devices that it then runs on.
        estimate: What it then needs.
    """

    changes: dict[str, str]
    devices: Devices
    estimate: Estimate

    @property
    def fits(self) -> bool:
        """Whether that is enough."""
        return self.estimate.fits(self.devices)


def find_remedies(training: Training, devices: Devices) -> list[Remedy]:
    """Return what to change about a training that does not fit.

    Settings that change no result come first, on these devices. Where they are not enough, the first remedy says how
    far they go, and the others what is: more such devices, or adapters instead of all weights.
    """
    here = _shrunk(_shared(training, devices.count), devices, {})
    if here.fits:
        return [here]
    wider = _on_more(training, devices, {})
    adapted, rank = _with_adapters(training)
    narrower = None if adapted is None else _shrunk(_shared(adapted, devices.count), devices, rank)
    if adapted is not None and narrower is not None and not narrower.fits:
        narrower = _on_more(adapted, devices, rank)
    return [here, *(found for found in (wider, narrower) if found is not None)]


def _on_more(training: Training, devices: Devices, changes: dict[str, str]) -> Remedy | None:
    if isinstance(training, SupervisedTraining) or not devices.are_gpus:
        return None
    count = 2 * devices.count
    while count <= _MOST_DEVICES:
        found = _shrunk(_shared(training, count), replace(devices, count=count), changes)
        if found.fits:
            return found
        count *= 2
    return None


def _shared(training: Training, processes: int) -> Training:
    """Return the training with one process for each device."""
    if isinstance(training, SupervisedTraining) or processes < training.processes:
        return training
    return replace(training, processes=processes)


def _with_adapters(training: Training) -> tuple[Training | None, dict[str, str]]:
    if isinstance(training, SupervisedTraining) or training.lora_rank:
        return None, {}
    return replace(training, lora_rank=LORA_RANK), {"lora_rank": str(LORA_RANK)}


def _shrunk(training: Training, devices: Devices, changes: dict[str, str]) -> Remedy:
    """Return the training with activations computed twice, if need be, and with smaller forward passes."""
    found = Remedy(changes, devices, estimate(training, devices))
    if not found.fits and not isinstance(training, SupervisedTraining) and not training.gradient_checkpointing:
        training = replace(training, gradient_checkpointing=True)
        changes = {**changes, "gradient_checkpointing": "true"}
        found = Remedy(changes, devices, estimate(training, devices))
    while not found.fits:
        setting, value, least = _size(training, found.estimate)
        if value <= least:
            break
        value = max(least, value // _factor(found))
        training = _resized(training, setting, value)
        changes = {**changes, setting: str(_written(training, setting, value))}
        found = Remedy(changes, devices, estimate(training, devices))
    return found


def _resized(training: Training, setting: str, value: int) -> Training:
    if isinstance(training, RewardModelTraining):
        return replace(training, tokens_per_forward=value)
    if isinstance(training, PolicyTraining) and setting == "rows_per_generation":
        return replace(training, rows_per_generation=value)
    return replace(training, rows_per_forward=value)


def _size(training: Training, needed: Estimate) -> tuple[str, int, int]:
    """Return the setting that makes a step smaller where it needs most, its value here, and the least value."""
    if isinstance(training, RewardModelTraining):
        return "tokens_per_forward", training.tokens_per_forward, training.longest_text
    if isinstance(training, PolicyTraining):
        if needed.phase == SAMPLING:
            return "rows_per_generation", training.rows_per_generation, training.completions_per_prompt
        return "rows_per_forward", training.rows_per_forward, 1
    return "rows_per_step", training.rows_per_forward, 1


def _written(training: Training, setting: str, value: int) -> int:
    """Return the value of a setting that counts all processes where the training counts one."""
    return value * training.processes if setting in ("rows_per_generation", "rows_per_step") else value


def _factor(found: Remedy) -> int:
    """Return the power of two by which the step has to be smaller, if all activations are in proportion to it."""
    needed = found.estimate
    processes = 1 if found.devices.are_gpus else needed.processes
    excess = processes * needed.total - found.devices.memory
    activations = processes * needed.parts["activations"]
    if excess >= activations:
        return 2**10
    return max(2, 1 << math.ceil(math.log2(activations / (activations - excess))))

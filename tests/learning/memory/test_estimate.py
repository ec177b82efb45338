"""Estimates of memory, against what the project's own trainings take, and against what is known of large models."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from acecoder_dagster.learning.errors import DevicesError, ModelLoadError
from acecoder_dagster.learning.memory.devices import GB, Devices, read_devices
from acecoder_dagster.learning.memory.estimate import estimate
from acecoder_dagster.learning.memory.trainings import RewardModelTraining, TextLengths
from acecoder_dagster.learning.training.settings import ScratchModelSettings
from benchmarks.memory.run import training_of
from benchmarks.memory.step import Case, train

SMALL = ScratchModelSettings(
    vocabulary_size=512, hidden_size=128, layers=3, attention_heads=2, feed_forward_size=256, context_length=256
)
CPU = Devices(1, 100 * GB, are_gpus=False)
GPUS = Devices(8, 80 * GB, are_gpus=True)
LENGTHS = TextLengths(32, 32)
REWARD_MODEL = RewardModelTraining(SMALL, 512, LENGTHS, 4, 64, "float32")


def measured_peak(run: Callable[[], None]) -> int:
    """Return the most bytes that torch's allocator had given away at the same time while something ran."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    events = [each for each in profiler.profiler.kineto_results.events() if each.name() == "[memory]"]
    alive = peak = 0
    for event in sorted(events, key=lambda each: each.start_ns()):
        alive += event.nbytes()
        peak = max(peak, alive)
    return peak


@pytest.mark.parametrize("kind", ["reward model", "policy"])
def test_an_estimate_is_within_15_percent_of_what_a_training_takes(kind: str, tmp_path: Path) -> None:
    case = Case(kind=kind, model=SMALL, prompt=32, completion=32, programs_per_prompt=4, per_forward=2)

    measured = measured_peak(lambda: train(case, tmp_path))

    assert estimate(training_of(case), CPU).tensors == pytest.approx(measured, rel=0.15)


def test_deep_models_are_estimated_from_a_few_of_their_layers() -> None:
    deep = SMALL.model_copy(update={"layers": 5})
    deeper = SMALL.model_copy(update={"layers": 7})
    rehearsed, extended = (estimate(replace(REWARD_MODEL, model=model), CPU) for model in (deep, deeper))

    per_layer = (extended.parts["weights"] - rehearsed.parts["weights"]) / 2
    feed_forward, attention = 3 * 128 * 256, 4 * 128 * 128
    norms = 2 * 128 + 2 * 64

    assert per_layer == pytest.approx(4 * (feed_forward + attention + norms))


def test_processes_divide_weights_gradients_and_states() -> None:
    alone, eighth = (estimate(replace(REWARD_MODEL, processes=count), GPUS).parts for count in (1, 8))

    for part in ("weights", "gradients", "optimiser states"):
        assert eighth[part] == pytest.approx(alone[part] / 8, rel=0.02)
    assert alone["optimiser states"] == 2 * alone["weights"]


def test_adapters_need_few_gradients_and_states() -> None:
    whole, adapted = (estimate(replace(REWARD_MODEL, lora_rank=rank), CPU).parts for rank in (0, 4))

    assert adapted["gradients"] < 0.2 * whole["gradients"]
    assert adapted["optimiser states"] == 2 * adapted["gradients"]


def test_activations_that_are_computed_twice_need_less_memory() -> None:
    once, twice = (
        estimate(replace(REWARD_MODEL, gradient_checkpointing=checkpointing), CPU) for checkpointing in (False, True)
    )

    assert twice.tensors < once.tensors


def test_a_model_without_a_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="nowhere"):
        estimate(replace(REWARD_MODEL, model=str(tmp_path / "nowhere")), CPU)


@pytest.mark.parametrize(
    ("written", "devices"),
    [
        ("8 x 80 GB", Devices(8, 80 * GB, are_gpus=True)),
        ("24gb", Devices(1, 24 * GB, are_gpus=True)),
        ("2x79.5 GB", Devices(2, 79.5 * GB, are_gpus=True)),
    ],
)
def test_devices_are_written_as_people_write_them(written: str, devices: Devices) -> None:
    assert read_devices(written) == devices


@pytest.mark.parametrize("written", ["", "eighty", "0 x 80 GB", "8 x 0 GB", "8 x 80"])
def test_devices_that_are_written_otherwise_are_refused(written: str) -> None:
    with pytest.raises(DevicesError, match="8 x 80 GB"):
        read_devices(written)

"""Saying whether a training fits, and refusing one that does not."""

from __future__ import annotations

from dataclasses import dataclass

from acecoder_dagster.learning.errors import DoesNotFitError
from acecoder_dagster.learning.memory.changes import Remedy, find_remedies
from acecoder_dagster.learning.memory.devices import GB, Devices, devices_here
from acecoder_dagster.learning.memory.estimate import Estimate, estimate
from acecoder_dagster.learning.memory.trainings import Training


@dataclass(frozen=True)
class Fit:
    """Whether a training fits.

    Attributes:
        needed: What it needs on each device.
        devices: What there is.
        advice: What to change, in one paragraph; empty where it fits.
    """

    needed: Estimate
    devices: Devices
    advice: str

    @property
    def fits(self) -> bool:
        """Whether it does."""
        return not self.advice


def check_fit(training: Training, section: str, devices: Devices) -> Fit:
    """Return whether a training fits on devices, and what to change if it does not.

    Args:
        training: The training.
        section: Section of the profile with its settings, as `reward_model`.
        devices: What there is.

    Raises:
        ModelLoadError: The configuration of a model cannot be read.
    """
    needed = estimate(training, devices)
    if needed.fits(devices):
        return Fit(needed, devices, "")
    return Fit(needed, devices, _advice(section, needed, devices, find_remedies(training, devices)))


def refuse_if_too_large(training: Training, section: str) -> None:
    """Refuse a training that does not fit on this machine, before anything is loaded.

    Raises:
        DoesNotFitError: It does not; the message says what to change.
        ModelLoadError: The configuration of a model cannot be read.
    """
    fit = check_fit(training, section, devices_here())
    if not fit.fits:
        raise DoesNotFitError(fit.advice)


def describe_parts(needed: Estimate) -> str:
    """Return what the memory of a device is needed for, the largest part first."""
    parts = {**needed.parts, "vLLM": needed.vllm, "overhead": needed.overhead}
    largest_first = sorted(((size, part) for part, size in parts.items() if size > 0), reverse=True)
    return ", ".join(f"{part} {gigabytes(size)}" for size, part in largest_first)


def gigabytes(size: float) -> str:
    """Return bytes as people write them; small ones with digits after the point."""
    return f"{size / GB:,.0f} GB" if size >= 10 * GB else f"{size / GB:.2g} GB"


def _advice(section: str, needed: Estimate, devices: Devices, remedies: list[Remedy]) -> str:
    here, *others = remedies
    if needed.processes > devices.count and devices.are_gpus:
        wrong = f"wants {needed.processes} devices"
    elif needed.processes > 1:
        wrong = f"needs {gigabytes(needed.total)} for each of {needed.processes} processes"
    else:
        wrong = f"needs {gigabytes(needed.total)}"
    said = [f"{section} does not fit on {devices}: it {wrong} ({describe_parts(needed)})."]
    if here.fits:
        said.append(f"Set {_settings(section, here)}: then it needs {gigabytes(here.estimate.total)}.")
        return " ".join(said)
    least = f" With {_settings(section, here)} it still needs {gigabytes(here.estimate.total)}." if here.changes else ""
    said.append(f"No setting that leaves the result as it is makes it fit.{least}")
    for other in others:
        change = f" with {_settings(section, other)}" if other.changes else ""
        said.append(f"It fits on {other.devices}{change} ({gigabytes(other.estimate.total)} each).")
    if not others:
        said.append("Take a smaller model, or a device with more memory.")
    return " ".join(said)


def _settings(section: str, remedy: Remedy) -> str:
    changes = {**remedy.changes}
    return " and ".join(f"{section}.{setting} = {value}" for setting, value in changes.items()) or "the settings as is"

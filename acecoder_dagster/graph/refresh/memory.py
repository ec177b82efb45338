"""Whether the trainings of a profile fit on their devices, before anything is loaded."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from acecoder_dagster.graph.models import BASE_POLICY, POLICY_REWARD_MODEL, POLICY_RULE, REWARD_MODEL
from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.memory.devices import Devices
from acecoder_dagster.learning.memory.trainings import (
    ModelSource,
    PolicyTraining,
    RewardModelTraining,
    SupervisedTraining,
    Training,
)
from acecoder_dagster.learning.model_address import SCRATCH
from acecoder_dagster.settings import Settings

SECTIONS = {
    BASE_POLICY: "base_policy.supervised",
    REWARD_MODEL: "reward_model",
    POLICY_RULE: "policy_rule",
    POLICY_REWARD_MODEL: "policy_reward_model",
}
"""The sections with the settings of a training, by the model that it makes."""


@dataclass(frozen=True)
class TrainingMemory:
    """What a training needs.

    Attributes:
        training: Name of the model that it makes.
        processes: How many processes train; None where that is not known.
        needed: Bytes on the device of each process; None where the configuration of a model cannot be read.
        said: What it is needed for, what to change if it does not fit, or why it is not known.
        fits: Whether it fits; None where it is not known.
    """

    training: str
    processes: int | None
    needed: float | None
    said: str
    fits: bool | None


def trainings_of(settings: Settings) -> list[str]:
    """Return the names of the models that a profile trains, in the order in which it does."""
    return [model.name for model in SECTIONS if model.named(settings) is None]


def plan_memory(settings: Settings, names: Iterable[str], devices: Devices) -> Iterator[TrainingMemory]:
    """Yield what trainings of a profile need.

    This loads the libraries for models, and takes some seconds for each training.

    Args:
        settings: The profile.
        names: Names of the models that are trained.
        devices: Where they are to be.
    """
    from acecoder_dagster.learning.memory.check import check_fit, describe_parts

    sections = {model.name: section for model, section in SECTIONS.items()}
    for name in names:
        try:
            training = _TRAININGS[name](settings, devices.count)
            fit = check_fit(training, sections[name], devices)
        except ModelLoadError as error:
            reason = f"not known without the configuration of its model: {error}"
            yield TrainingMemory(name, None, None, reason, None)
        else:
            said = fit.advice or describe_parts(fit.needed)
            yield TrainingMemory(name, training.processes, fit.needed.total, said, fit.fits)


def _base_policy(settings: Settings) -> ModelSource:
    base = settings.base_policy
    return base.scratch if base.model == SCRATCH else base.model


def _backbone(settings: Settings) -> ModelSource:
    backbone = settings.reward_backbone
    if backbone.model == BASE_POLICY.name:
        return _base_policy(settings)
    return backbone.scratch if backbone.model == SCRATCH else backbone.model


def _of_base_policy(settings: Settings, devices: int) -> Training:
    del devices
    base = settings.base_policy
    return SupervisedTraining.of(base.scratch, base.supervised, base.scratch.context_length)


def _of_reward_model(settings: Settings, devices: int) -> Training:
    return RewardModelTraining.of(_backbone(settings), settings.reward_model, devices)


def _of_policy_rule(settings: Settings, devices: int) -> Training:
    return _of_policy(settings, POLICY_RULE.name, None, devices)


def _of_policy_reward_model(settings: Settings, devices: int) -> Training:
    return _of_policy(settings, POLICY_REWARD_MODEL.name, _backbone(settings), devices)


def _of_policy(settings: Settings, section: str, reward_model: ModelSource | None, devices: int) -> Training:
    from acecoder_dagster.learning.memory.estimate import context_of

    policy = _base_policy(settings)
    return PolicyTraining.of(policy, getattr(settings, section), context_of(policy), reward_model, devices)


_TRAININGS: Mapping[str, Callable[[Settings, int], Training]] = {
    BASE_POLICY.name: _of_base_policy,
    REWARD_MODEL.name: _of_reward_model,
    POLICY_RULE.name: _of_policy_rule,
    POLICY_REWARD_MODEL.name: _of_policy_reward_model,
}

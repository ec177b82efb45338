"""Refusing a training that does not fit on this machine, from its specification."""

from functools import singledispatch

from acecoder_dagster.learning.memory.check import refuse_if_too_large
from acecoder_dagster.learning.memory.devices import devices_here
from acecoder_dagster.learning.memory.estimate import context_of
from acecoder_dagster.learning.memory.trainings import PolicyTraining, RewardModelTraining, SupervisedTraining
from acecoder_dagster.learning.model_address import SCRATCH
from acecoder_dagster.learning.workers.specifications import TrainBasePolicy, TrainPolicy, TrainRewardModel


@singledispatch
def refuse_what_does_not_fit(specification: object) -> None:
    """Refuse a training that needs more memory than this machine has, before anything is loaded.

    Raises:
        DoesNotFitError: It does; the message says how much, and what to change.
        ModelLoadError: The configuration of a model cannot be read.
    """
    raise TypeError(f"a {type(specification).__name__} is no training")


@refuse_what_does_not_fit.register
def _(specification: TrainBasePolicy) -> None:
    scratch = specification.scratch
    training = SupervisedTraining.of(scratch, specification.supervised, scratch.context_length)
    refuse_if_too_large(training, "base_policy.supervised")


@refuse_what_does_not_fit.register
def _(specification: TrainRewardModel) -> None:
    backbone = specification.scratch if specification.backbone == SCRATCH else specification.backbone
    training = RewardModelTraining.of(backbone, specification.settings, devices_here().count)
    refuse_if_too_large(training, "reward_model")


@refuse_what_does_not_fit.register
def _(specification: TrainPolicy) -> None:
    reward_model = str(specification.reward_model) if specification.reward_model is not None else None
    training = PolicyTraining.of(
        specification.policy,
        specification.settings,
        context_of(specification.policy),
        reward_model,
        devices_here().count,
    )
    refuse_if_too_large(training, "policy_rule" if specification.reward == "rule" else "policy_reward_model")

"""What can be wrong with what a training is given."""

from acecoder_dagster import AceCoderError


class ModelLoadError(AceCoderError, ValueError):
    """A model or tokenizer cannot be loaded; the message says what to give instead."""


class RewardModelError(AceCoderError, ValueError):
    """A reward model cannot be trained, converted or used with what was given; the message says what to do."""


class PolicyError(AceCoderError, ValueError):
    """A policy cannot be trained with what was given; the message says what to do."""


class DivergedError(AceCoderError, FloatingPointError):
    """The loss or its gradient is not a number; the message says which settings to change."""

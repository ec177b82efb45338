"""What can be wrong with what a model is trained from, loaded from or sampled with."""

from acecoder_dagster import AceCoderError


class ModelLoadError(AceCoderError, ValueError):
    """A model or tokenizer cannot be loaded; the message says what to give instead."""


class SamplingError(AceCoderError, ValueError):
    """Programs cannot be sampled for what was given; the message names the file."""


class RewardModelError(AceCoderError, ValueError):
    """A reward model cannot be trained, converted or used with what was given; the message says what to do."""


class PolicyError(AceCoderError, ValueError):
    """A policy cannot be trained with what was given; the message says what to do."""


class DivergedError(AceCoderError, FloatingPointError):
    """The loss or its gradient is not a number; the message says which settings to change."""


class DevicesError(AceCoderError, ValueError):
    """Devices are not written as they should be; the message says how."""


class DoesNotFitError(AceCoderError, MemoryError):
    """A training needs more memory than its devices have; the message says how much, and what to change."""


class ProcessEndedError(AceCoderError, RuntimeError):
    """A process that shared the work ended before it was done.

    Attributes:
        was_killed: Whether it was killed from outside, so that the same work may succeed when it is started again.
    """

    def __init__(self, message: str, *, was_killed: bool = False) -> None:
        super().__init__(message)
        self.was_killed = was_killed


def is_worth_retrying(error: BaseException) -> bool:
    """Return whether the same work may succeed when it is done again: a server out of reach, a killed process."""
    # httpx, through which models are downloaded, has its own errors for a server out of reach.
    is_unreachable = any(kind.__name__ == "TransportError" for kind in type(error).__mro__)
    was_killed = isinstance(error, ProcessEndedError) and error.was_killed
    return is_unreachable or was_killed or isinstance(error, ConnectionError | TimeoutError)

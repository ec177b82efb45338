"""What can keep a data set from being published."""

from acecoder_dagster import AceCoderError


class PublishingError(AceCoderError, RuntimeError):
    """The data set cannot be published; the message says why and what to do."""

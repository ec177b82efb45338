"""What can be wrong with an endpoint as a whole."""

from acecoder_dagster import AceCoderError


class EndpointError(AceCoderError, RuntimeError):
    """The endpoint cannot be used, or left too much unanswered; what it answered is kept. The message says more."""

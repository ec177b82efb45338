"""What can be wrong with an endpoint as a whole."""


class EndpointError(RuntimeError):
    """The endpoint cannot be used, or left too much unanswered; what it answered is kept. The message says more."""

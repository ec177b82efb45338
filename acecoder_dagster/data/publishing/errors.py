"""What can keep a data set from being published."""


class PublishingError(RuntimeError):
    """The data set cannot be published; the message says why and what to do."""

"""What can be wrong with a source of seed functions."""


class SeedError(ValueError):
    """Seeds cannot be collected; the message names what is wrong and what to do."""

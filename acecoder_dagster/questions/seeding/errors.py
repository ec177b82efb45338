"""What can be wrong with a source of seed functions."""

from acecoder_dagster import AceCoderError


class SeedError(AceCoderError, ValueError):
    """Seeds cannot be collected; the message names what is wrong and what to do."""

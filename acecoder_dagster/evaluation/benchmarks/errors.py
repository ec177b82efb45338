"""What can be wrong with a benchmark."""

from acecoder_dagster import AceCoderError


class BenchmarkError(AceCoderError, ValueError):
    """A benchmark is not there, or its protocol, data or programs are wrong; the message says what to do."""

"""What can be wrong with what is evaluated."""

from acecoder_dagster import AceCoderError


class EvaluationError(AceCoderError, ValueError):
    """There is nothing to evaluate, or a score is not a number; the message says what is missing."""

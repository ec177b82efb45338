"""What can go wrong with the warehouse."""

from acecoder_dagster import AceCoderError


class WarehouseError(AceCoderError, RuntimeError):
    """The warehouse cannot be built or asked; the message says what to do."""

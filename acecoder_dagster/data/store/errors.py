"""What can go wrong with an object store."""

from acecoder_dagster import AceCoderError


class StoreError(AceCoderError, RuntimeError):
    """An object store cannot be used; the message says why and what to do."""


class StaleError(StoreError):
    """Another process made something current meanwhile; what this one made is not taken in its place."""

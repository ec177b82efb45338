"""AceCoder-on-Dagster: code in, verified tests, judged programs, reward models and policies out."""


class AceCoderError(Exception):
    """Base of every expected error: its message says what is wrong and what to do.

    The `acecoder` command prints the message and ends with exit code 2.
    """

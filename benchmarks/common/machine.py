"""What a measurement was made on."""

import os
import platform


def describe_machine() -> str:
    """Return cores, processor architecture, kernel and interpreter in one line."""
    cores = os.cpu_count()
    return f"{cores} cores, {platform.machine()}, Linux {platform.release()}, Python {platform.python_version()}"

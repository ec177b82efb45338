"""How long work reports where it is."""

from collections.abc import Callable

Progress = Callable[[int, int, dict[str, float]], None]
"""Called as ``progress(step, total_steps, figures)`` after every optimiser step."""

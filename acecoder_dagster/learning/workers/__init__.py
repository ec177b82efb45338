"""Long work that runs in a process of its own, so that the orchestrator never loads torch.

Belongs here: the specification each task is given as a JSON file, and the entry point that runs it with progress
reported to Dagster (through Pipes) and to the terminal. Does not belong here: the work itself (`training`, `sampling`).
"""

from pathlib import Path

CURVE_FILE = "curve.jsonl"
"""Learning curve of a training, in its folder: one JSON object per step."""


def failure_file(specification: Path) -> Path:
    """Return the file in which a task that fails says why, beside its specification."""
    return specification.with_suffix(".failed.json")

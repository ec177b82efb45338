"""Worker processes: long work that runs outside the orchestrator, which therefore never loads torch.

Belongs here: the specification that each task reads from a JSON file, and the entry point that runs the task and
reports its progress to Dagster (through Pipes) and to the terminal. Does not belong here: the work itself, which is in
`sampling`, `training`, `reward_model` and `policy`.
"""

from pathlib import Path

CURVE_FILE = "curve.jsonl"
"""Learning curves of a training, in its folder: one JSON object per step."""

TENSORBOARD_FOLDER = "tensorboard"
"""The same figures as TensorBoard event files, in the folder of a training."""

VALIDATION = "validation_"
"""How the names of figures on validation questions begin; the rest is the name of the same figure of the training."""


def failure_file(specification: Path) -> Path:
    """Return the path, beside the specification, where a task that fails writes why."""
    return specification.with_suffix(".failed.json")

"""What each worker task does: hand the specification to the domain code, and give back its figures."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import singledispatch
from pathlib import Path
from typing import Any

from acecoder_dagster.workers.specifications import (
    SamplePrograms,
    ScorePrograms,
    TrainBasePolicy,
    TrainPolicy,
    TrainRewardModel,
)

Progress = Callable[[int, int, dict[str, float]], None]
CURVE_FILE = "curve.jsonl"


@singledispatch
def run_task(specification: object, progress: Progress) -> dict[str, Any]:
    """Run the task that the specification's type names and return its figures."""
    raise TypeError(f"no task takes a {type(specification).__name__}")


@run_task.register
def _(specification: TrainBasePolicy, progress: Progress) -> dict[str, Any]:
    return {}

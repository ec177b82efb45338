"""BigCodeBench's own format (the data set bigcode/bigcodebench of the hub; `bigcodebench/data/bigcodebench.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acecoder_dagster.evaluation.benchmarks.reading.task import Task, text_of


def read_task(row: Mapping[str, Any], variant: str) -> Task:
    """Return the task of a row.

    The reference is put together as `get_groundtruth` of bigcodebench/evaluate.py does.

    Args:
        row: columns task_id, complete_prompt, instruct_prompt, code_prompt, canonical_solution, test, entry_point.
        variant: not used.

    Raises:
        TaskError: a column is missing, or is no text.
    """
    complete, code = text_of(row, "complete_prompt"), text_of(row, "code_prompt")
    text_of(row, "test")
    return Task(
        text_of(row, "task_id"),
        text_of(row, "entry_point"),
        {"prompt": complete, "complete": complete, "instruct": text_of(row, "instruct_prompt"), "code": code},
        dict(row),
        reference=f"{complete}\n{text_of(row, 'canonical_solution')}",
        calibration=f"{code}\n    pass\n",
    )

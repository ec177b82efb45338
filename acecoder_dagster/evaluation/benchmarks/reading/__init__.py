"""Reads the rows of benchmarks' files, each format with the names of its publisher and with all that it says."""

from collections.abc import Callable, Mapping
from typing import Any

from acecoder_dagster.evaluation.benchmarks.protocol import DataFormat
from acecoder_dagster.evaluation.benchmarks.reading import bigcodebench, evalplus, livecodebench
from acecoder_dagster.evaluation.benchmarks.reading.task import Task

READERS: Mapping[DataFormat, Callable[[Mapping[str, Any], str], Task]] = {
    "evalplus": evalplus.read_task,
    "bigcodebench": bigcodebench.read_task,
    "livecodebench": livecodebench.read_task,
}
"""By format: from a row and the variant to a task; each raises `TaskError`."""

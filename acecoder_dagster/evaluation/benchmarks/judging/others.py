"""The tests of BigCodeBench and LiveCodeBench, for the judge: as they stand."""

from __future__ import annotations

from acecoder_dagster.evaluation.benchmarks.judging.question import Question
from acecoder_dagster.evaluation.benchmarks.reading.task import Task


def bigcodebench_question(task: Task) -> Question:
    """Return the `unittest.TestCase` classes of a task."""
    return Question(task.task_id, "all", task.entry_point, test_code=task.record["test"])


def livecodebench_question(task: Task) -> Question:
    """Return the inputs and outputs of a task."""
    tests = tuple({"input": test["input"], "output": test["output"]} for test in task.record["tests"])
    return Question(task.task_id, "all", task.entry_point, io_tests=tests)

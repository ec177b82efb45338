"""Scores of benchmarks from verdicts: pass@k with intervals, and what the references say of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acecoder_dagster.evaluation.benchmarks.judging.question import KIND
from acecoder_dagster.evaluation.benchmarks.judging.verdicts import Found, Verdicts
from acecoder_dagster.evaluation.benchmarks.programs import Sample
from acecoder_dagster.evaluation.benchmarks.protocol import Protocol
from acecoder_dagster.evaluation.benchmarks.tasks import Tasks
from acecoder_dagster.evaluation.settings import EvaluationSettings
from acecoder_dagster.evaluation.statistics import bootstrap_mean, pass_at_k


@dataclass(frozen=True)
class JudgedSample:
    """A program of a benchmark, with its verdict by kind of tests."""

    sample: Sample
    found: Mapping[KIND, Found]

    @property
    def passed(self) -> bool:
        """Whether it passed all kinds."""
        return all(each.passed for each in self.found.values())


@dataclass(frozen=True)
class Tally:
    """What the figures of a benchmark are computed from.

    Attributes:
        protocol: the benchmark and how it is scored.
        passed: of every program its task, and whether it passed.
        references: by task that has a reference: whether it passed.
        difficulties: by task, the publisher's word; empty where it has none.
    """

    protocol: Protocol
    passed: Sequence[tuple[str, bool]]
    references: Mapping[str, bool]
    difficulties: Mapping[str, str]

    def counts(self, only: set[str] | None = None) -> tuple[list[int], list[int]]:
        """Return how many programs each answered task has, and how many of them pass."""
        programs: dict[str, int] = {}
        passing: dict[str, int] = {}
        for task_id, passed in self.passed:
            if only is None or task_id in only:
                programs[task_id] = programs.get(task_id, 0) + 1
                passing[task_id] = passing.get(task_id, 0) + passed
        return list(programs.values()), list(passing.values())


@dataclass(frozen=True)
class Score:
    """What one benchmark gave.

    Attributes:
        protocol: the benchmark and how it was scored.
        tasks: its tasks.
        samples: every program.
        references: by task that has a reference: whether it passed.
    """

    protocol: Protocol
    tasks: Tasks
    samples: Sequence[JudgedSample]
    references: Mapping[str, bool]

    @property
    def failing_references(self) -> list[str]:
        """Tasks whose reference fails here."""
        return [task_id for task_id, passed in self.references.items() if not passed]

    @property
    def unanswered(self) -> list[str]:
        """Tasks without a program. They do not count."""
        answered = {each.sample.task_id for each in self.samples}
        return [task_id for task_id in self.tasks.tasks if task_id not in answered]

    @property
    def tally(self) -> Tally:
        """What its figures are computed from."""
        return Tally(
            self.protocol,
            [(each.sample.task_id, each.passed) for each in self.samples],
            self.references,
            {task_id: task.difficulty for task_id, task in self.tasks.tasks.items()},
        )


def score(protocol: Protocol, tasks: Tasks, samples: Sequence[Sample], verdicts: Verdicts) -> Score:
    """Return the score of programs that were judged."""
    kinds = protocol.scoring.tests
    judged = [
        JudgedSample(each, {kind: verdicts.of(each.task_id, kind, each.program) for kind in kinds}) for each in samples
    ]
    references = {
        task.task_id: all(verdicts.of(task.task_id, kind, task.reference).passed for kind in kinds)
        for task in tasks.tasks.values()
        if task.reference
    }
    return Score(protocol, tasks, judged, references)


def score_rows(found: Tally, settings: EvaluationSettings) -> dict[str, dict[str, Any]]:
    """Return the rows of the table for a benchmark, by difficulty: first all tasks, under the empty word.

    Returns:
        Columns benchmark, protocol, tasks and programs (numbers), pass@1 with low and high (its bootstrap interval over
        tasks), pass@k where every task has k programs, references and references_passing (numbers, None where there
        are none), pass@1_reference_passes (over tasks whose reference passes).
    """
    rows = {"": _row(found, found.protocol.title, None, settings)}
    for difficulty in dict.fromkeys(filter(None, found.difficulties.values())):
        only = {task_id for task_id, its_own in found.difficulties.items() if its_own == difficulty}
        if found.counts(only)[0]:
            rows[difficulty] = _row(found, f"{found.protocol.title}, {difficulty}", only, settings)
    return rows


def _row(found: Tally, title: str, only: set[str] | None, settings: EvaluationSettings) -> dict[str, Any]:
    programs, passed = found.counts(only)
    first = bootstrap_mean(pass_at_k(programs, passed, 1), settings)
    row: dict[str, Any] = {
        "benchmark": title,
        "protocol": found.protocol.protocol,
        "tasks": len(programs),
        "programs": sum(programs),
        "pass@1": first.value,
        "low": first.low,
        "high": first.high,
    }
    for k in found.protocol.scoring.pass_at:
        if k > 1:
            row[f"pass@{k}"] = float(np.mean(pass_at_k(programs, passed, k))) if min(programs) >= k else None
    passing = {task_id for task_id, is_passing in found.references.items() if is_passing}
    counted = passing if only is None else passing & only
    with_passing = found.counts(counted)
    row["references"] = len(found.references) or None
    row["references_passing"] = len(passing) if found.references else None
    row["pass@1_reference_passes"] = (
        float(np.mean(pass_at_k(*with_passing, 1))) if found.references and with_passing[0] else None
    )
    return row


def mean_row(scores: Sequence[Tally], settings: EvaluationSettings) -> dict[str, Any] | None:
    """Return a row with the mean over benchmarks, as the paper's last column has it; None for a single one."""
    if len(scores) < 2:
        return None
    rows = [_row(each, "", None, settings) for each in scores]
    sound = [row["pass@1_reference_passes"] for row in rows]
    return {
        "benchmark": f"mean of {len(rows)}",
        "tasks": sum(row["tasks"] for row in rows),
        "programs": sum(row["programs"] for row in rows),
        "pass@1": float(np.mean([row["pass@1"] for row in rows])),
        "pass@1_reference_passes": None if None in sound else float(np.mean(sound)),
    }

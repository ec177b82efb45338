"""What a model is asked, and what its answers look like."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol as Interface

import polars as pl

from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.protocol import DecodingSection, DrawSection, Protocol, StyleSection
from acecoder_dagster.evaluation.benchmarks.reading.task import Task
from acecoder_dagster.evaluation.benchmarks.tasks import Tasks

SEED = 0
"""From which every answer's own seed is made."""

TOO_LONG, REFUSED = "too_long", "refused"
"""Finish reasons of answers that are empty: the prompt leaves no room for one, or the endpoint takes no such prompt."""

ANSWERS = pl.Schema(
    {
        "task_id": pl.String,
        "sample_index": pl.Int64,
        "prompt": pl.String,
        "answer": pl.String,
        "finish_reason": pl.String,
        "prompt_tokens": pl.Int64,
        "completion_tokens": pl.Int64,
    }
)
"""Columns of answers. A chat that the endpoint itself renders stands in `prompt` as JSON."""

Advance = Callable[[int, int], None]
"""Called with how many are answered, and how many there are."""


@dataclass(frozen=True)
class Asked:
    """Tasks that a model is asked once, in one way.

    Attributes:
        name: what the programs are written for, see `Protocol.programs`.
        protocols: the benchmarks that the answers are for.
        tasks: the tasks of all of them.
        style: how the model is asked.
        draw: how answers are drawn.
        max_tokens: longest answer.
        max_model_len: longest prompt and answer together; None: as the model has it.
    """

    name: str
    protocols: Sequence[Protocol]
    tasks: Sequence[Task]
    style: StyleSection
    draw: DrawSection
    max_tokens: int
    max_model_len: int | None


class Model(Interface):
    """A model that answers."""

    def answers(self, asked: Asked, folder: Path, advance: Advance) -> pl.DataFrame:
        """Return `draw.n` answers to every task, and keep each in the folder as soon as it is there.

        Args:
            asked: what to ask. What the folder has an answer to is not asked again.
            folder: of this model or of several.
            advance: told how far the work is.

        Returns:
            Columns of `ANSWERS`.
        """
        ...


def asked_together(protocols: Sequence[Protocol], tasks: Mapping[str, Tasks], style: str, n: int | None) -> list[Asked]:
    """Return what a model is asked for a suite: benchmarks with the same prompts and decoding share their answers.

    Args:
        protocols: the benchmarks.
        tasks: their tasks, by address.
        style: which kind of model it is.
        n: answers of each task, drawn as for best-of-N; None: as for the score itself.

    Raises:
        BenchmarkError: a benchmark does not say how such models are asked.
    """
    groups: dict[str, list[Protocol]] = {}
    for each in protocols:
        if style not in each.styles:
            raise BenchmarkError(
                f"{each.address} has no style {style}; it has {', '.join(each.styles)}: choose one with --style, or "
                "other benchmarks with --only"
            )
        way = [
            each.programs,
            each.data.model_dump(mode="json", include={"format", "files", "version", "hub"}),
            each.styles[style].model_dump(mode="json", exclude={"extraction"}),
            each.decoding.model_dump(mode="json"),
        ]
        groups.setdefault(json.dumps(way), []).append(each)
    return [_asked(together, tasks, style, n) for together in groups.values()]


def drawn(decoding: DecodingSection, n: int | None) -> DrawSection:
    """Return how answers are drawn: n of each task as for best-of-N; None: as for the score itself."""
    return decoding.greedy if n is None else decoding.sampled.model_copy(update={"n": n})


def _asked(together: Sequence[Protocol], tasks: Mapping[str, Tasks], style: str, n: int | None) -> Asked:
    first = together[0]
    every = {name: task for each in together for name, task in tasks[each.address].tasks.items()}
    decoding, chosen = first.decoding, first.styles[style]
    return Asked(
        first.programs,
        together,
        list(every.values()),
        chosen,
        drawn(decoding, n),
        chosen.max_tokens or decoding.max_tokens,
        decoding.max_model_len,
    )


def with_empty_answers(prompts: Mapping[str, str], n: int, answers: pl.DataFrame) -> pl.DataFrame:
    """Return n answers for every prompt, in the prompts' order: empty ones for prompts that leave no room.

    Args:
        prompts: by task.
        n: answers of each task.
        answers: columns of `ANSWERS`.
    """
    asked = pl.DataFrame({"task_id": list(prompts), "prompt": list(prompts.values())}, schema=_PROMPTS)
    numbers = pl.DataFrame({"sample_index": range(n)}, schema={"sample_index": pl.Int64})
    keys = ["task_id", "sample_index", "prompt"]
    filled = {"answer": "", "finish_reason": TOO_LONG, "prompt_tokens": 0, "completion_tokens": 0}
    return (
        asked.join(numbers, how="cross", maintain_order="left_right")
        .join(answers, on=keys, how="left", maintain_order="left")
        .with_columns(pl.col(name).fill_null(value) for name, value in filled.items())
        .select(ANSWERS.names())
    )


_PROMPTS = {"task_id": pl.String, "prompt": pl.String}

"""Preference pairs as groups: a question, its distinct programs, and all its pairs."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl
from transformers import PreTrainedTokenizerBase

from acecoder_dagster.learning.errors import RewardModelError
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.reward_model.packing import PackedGroup
from acecoder_dagster.learning.reward_model.template import encode_programs

GROUP_COLUMNS = pl.Schema(
    {
        "question_id": pl.String(),
        "prompt": pl.String(),
        "programs": pl.List(pl.String()),
        "chosen": pl.List(pl.Int64()),
        "rejected": pl.List(pl.Int64()),
        "weights": pl.List(pl.Float64()),
        "margins": pl.List(pl.Float64()),
    }
)
"""Columns of a file of groups. Pair `k` of a row prefers `programs[chosen[k]]` to `programs[rejected[k]]`."""


_PAIR_LISTS = ("chosen", "rejected", "weights", "margins")


class Pair(NamedTuple):
    """A preference pair: positions of the better and the worse program, weight, and difference of their pass rates."""

    chosen: int
    rejected: int
    weight: float
    margin: float


@dataclass(frozen=True)
class PreferenceGroup:
    """All pairs of one question, as tokens.

    Attributes:
        question_id: The question.
        packed: Prompt and programs as token ids: every program that is in a pair, once.
        pairs: All its pairs, as positions in `packed.programs`.
    """

    question_id: str
    packed: PackedGroup
    pairs: list[Pair]


@dataclass(frozen=True)
class LeftOut:
    """How many programs, pairs and questions are left out because programs are too long."""

    programs: int
    pairs: int
    questions: int


def read_groups(
    path: Path, tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> tuple[list[PreferenceGroup], LeftOut]:
    """Read and tokenise a file of groups.

    A program that has more than `max_tokens` together with its prompt is left out with all its pairs. It is not
    shortened, because the score is read at the end of a program.

    Args:
        path: Parquet with the columns of `GROUP_COLUMNS`.
        tokenizer: Tokenizer of the reward model.
        max_tokens: Longest prompt + program, in tokens.

    Returns:
        The groups that still have a pair, in the order of the file, and what was left out.

    Raises:
        RewardModelError: There is no such file, a column is missing, a row is broken, or no pair is left.
    """
    rows = _checked_rows(path)
    groups: list[PreferenceGroup] = []
    programs_out = pairs_out = questions_out = 0
    pairs_seen = 0
    prompts = encode_prompts(tokenizer, rows["prompt"].to_list())
    for row, prompt in zip(rows.iter_rows(named=True), prompts, strict=True):
        encoded = encode_programs(tokenizer, row["programs"])
        fits = [len(prompt) + len(program) <= max_tokens for program in encoded]
        pairs = [Pair(*pair) for pair in zip(*(row[name] for name in _PAIR_LISTS), strict=True)]
        kept = [pair for pair in pairs if fits[pair.chosen] and fits[pair.rejected]]
        in_a_pair = {index for pair in pairs for index in (pair.chosen, pair.rejected)}
        pairs_seen += len(pairs)
        programs_out += sum(not fits[index] for index in in_a_pair)
        pairs_out += len(pairs) - len(kept)
        questions_out += bool(pairs) and not kept
        if kept:
            groups.append(_distinct_group(row["question_id"], prompt, encoded, kept))
    if not pairs_seen:
        raise RewardModelError(
            f"{path} holds no preference pair: a reward model needs at least two questions with a pair."
        )
    if not groups:
        raise RewardModelError(
            f"None of the {pairs_seen} preference pairs of {path} fits into max_tokens = {max_tokens}: raise it."
        )
    return groups, LeftOut(programs_out, pairs_out, questions_out)


def _checked_rows(path: Path) -> pl.DataFrame:
    if not path.exists():
        raise RewardModelError(f"There is no file of preference groups at {path}.")
    rows = pl.read_parquet(path)
    missing = [name for name in GROUP_COLUMNS if name not in rows.columns]
    if missing:
        raise RewardModelError(f"{path} lacks the columns {missing}; it has {rows.columns}.")
    rows = rows.select(list(GROUP_COLUMNS)).cast(GROUP_COLUMNS)
    programs = pl.col("programs").list.len().cast(pl.Int64)
    inside = [
        pl.col(side).list.eval((pl.element() >= 0).all()).list.first().fill_null(value=True)
        & (pl.col(side).list.max().fill_null(-1) < programs)
        for side in ("chosen", "rejected")
    ]
    same_length = pl.all_horizontal(
        pl.col(name).list.len() == pl.col("chosen").list.len() for name in ("rejected", "weights", "margins")
    )
    usable = [
        pl.col(name).list.eval(allowed.all()).list.first().fill_null(value=True)
        for name, allowed in (
            ("weights", pl.element().is_finite() & (pl.element() > 0)),
            ("margins", pl.element().is_finite() & (pl.element() >= 0)),
        )
    ]
    broken = rows.filter(~pl.all_horizontal(*inside, same_length, *usable))
    if broken.height:
        raise RewardModelError(
            f"{path}: question {broken['question_id'][0]!r} and {broken.height - 1} others have pairs that point "
            "outside their programs, weights that are not positive numbers, margins below zero, or lists of different "
            "lengths."
        )
    return rows


def _distinct_group(
    question_id: str,
    prompt: Sequence[int],
    programs: Sequence[Sequence[int]],
    pairs: Sequence[Pair],
) -> PreferenceGroup:
    position: dict[tuple[int, ...], int] = {}
    for pair in pairs:
        for index in (pair.chosen, pair.rejected):
            position.setdefault(tuple(programs[index]), len(position))
    return PreferenceGroup(
        question_id=question_id,
        packed=PackedGroup(prompt=prompt, programs=list(position)),
        pairs=[
            pair._replace(
                chosen=position[tuple(programs[pair.chosen])], rejected=position[tuple(programs[pair.rejected])]
            )
            for pair in pairs
        ],
    )


def split_by_question(
    groups: Sequence[PreferenceGroup], validation_fraction: float, seed: int
) -> tuple[list[PreferenceGroup], list[PreferenceGroup]]:
    """Split groups into training and validation; groups of the same question stay together.

    Questions are ranked by a hash of the seed and their id, so the split does not depend on their order.

    Returns:
        Training groups and validation groups, at least one of each.

    Raises:
        RewardModelError: There are fewer than two questions.
    """
    ids = sorted({group.question_id for group in groups}, key=lambda i: hashlib.sha256(f"{seed}:{i}".encode()).digest())
    if len(ids) < 2:
        raise RewardModelError(
            f"A reward model needs pairs of at least two questions (one to validate on), but there are {len(ids)}."
        )
    count = min(max(round(len(ids) * validation_fraction), 1), len(ids) - 1)
    held_out = set(ids[:count])
    return (
        [group for group in groups if group.question_id not in held_out],
        [group for group in groups if group.question_id in held_out],
    )


def steps_of_epoch(
    groups: Sequence[PreferenceGroup], prompts_per_step: int, seed: int, epoch: int
) -> Iterator[list[PreferenceGroup]]:
    """Yield the groups of each optimiser step of an epoch: all groups, in an order that seed and epoch decide.

    A remainder that does not fill a step is spread over the epoch, so steps differ by at most one group.
    """
    order = list(groups)
    random.Random(f"{seed}:{epoch}").shuffle(order)
    steps = steps_per_epoch(len(order), prompts_per_step)
    for step in range(steps):
        yield order[step * len(order) // steps : (step + 1) * len(order) // steps]


def steps_per_epoch(groups: int, prompts_per_step: int) -> int:
    """Return the number of optimiser steps that `steps_of_epoch` yields."""
    return max(1, round(groups / prompts_per_step))


def by_tokens(groups: Sequence[PreferenceGroup], tokens_per_forward: int) -> list[list[PreferenceGroup]]:
    """Divide a step into forward passes of at most `tokens_per_forward` packed tokens; a larger group is alone."""
    forwards: list[list[PreferenceGroup]] = []
    room = 0
    for group in groups:
        if not forwards or group.packed.packed_tokens > room:
            forwards.append([])
            room = tokens_per_forward
        forwards[-1].append(group)
        room -= group.packed.packed_tokens
    return forwards

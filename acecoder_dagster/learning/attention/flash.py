"""Attention on a GPU in half precision: FlashAttention of variable length, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.attention.varlen import varlen_attn

from acecoder_dagster.learning.attention.segments import Segment


@dataclass(frozen=True)
class FlashPlan:
    """Queries are the tokens of the row as they lie.

    Attributes:
        keys: Row positions of the tokens that each segment sees, prefix first, one segment after another.
        query_ends: Where each segment's queries stop, after a 0.
        key_ends: Where its keys stop, after a 0.
        most_queries: Tokens of the longest segment.
        most_keys: Most tokens that a segment sees.
    """

    keys: torch.Tensor
    query_ends: torch.Tensor
    key_ends: torch.Tensor
    most_queries: int
    most_keys: int


def flash_plan(segments: Sequence[Segment], device: torch.device) -> FlashPlan:
    """Return what FlashAttention needs of the segments of a row."""
    seen = [torch.arange(*ends) for s in segments for ends in ((s.prefix_start, s.prefix_stop), (s.start, s.stop))]
    ends = torch.zeros(2, len(segments) + 1, dtype=torch.int32)
    ends[:, 1:] = torch.tensor([[s.queries for s in segments], [s.keys for s in segments]]).cumsum(1)
    return FlashPlan(
        keys=torch.cat(seen).to(device),
        query_ends=ends[0].to(device),
        key_ends=ends[1].to(device),
        most_queries=max(segment.queries for segment in segments),
        most_keys=max(segment.keys for segment in segments),
    )


def flash_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, plan: FlashPlan, scale: float | None
) -> torch.Tensor:
    """Attention on a GPU, in half precision; arguments and result as of `attention.packed_attention`.

    Causal from the end of each segment: its last query sees all its keys.
    """
    return varlen_attn(
        query[0].transpose(0, 1),
        key[0].transpose(0, 1).index_select(0, plan.keys),
        value[0].transpose(0, 1).index_select(0, plan.keys),
        plan.query_ends,
        plan.key_ends,
        plan.most_queries,
        plan.most_keys,
        scale=scale,
        window_size=(-1, 0),
        enable_gqa=query.shape[1] != key.shape[1],
    )[None]

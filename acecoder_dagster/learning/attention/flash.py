"""Attention on a GPU in half precision: FlashAttention of variable length, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.attention.varlen import varlen_attn

from acecoder_dagster.learning.attention.segments import Segment


@dataclass(frozen=True)
class FlashPlan:
    """What FlashAttention needs of a row. Its queries are the tokens of the row in their order.

    Attributes:
        keys: Positions in the row of the tokens that each segment sees: its prefix, then itself; segment after segment.
        query_ends: Where the queries of each segment stop, after a 0.
        key_ends: Where the keys of each segment stop, after a 0.
        most_queries: Number of tokens of the longest segment.
        most_keys: Greatest number of tokens that a segment sees.
    """

    keys: torch.Tensor
    query_ends: torch.Tensor
    key_ends: torch.Tensor
    most_queries: int
    most_keys: int


def flash_plan(segments: Sequence[Segment], device: torch.device) -> FlashPlan:
    """Return the plan of FlashAttention for the segments of a row."""
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
    """Compute attention on a GPU in half precision; arguments and result are those of `packed_attention`.

    It is causal from the end of each segment: the last query sees all keys.
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

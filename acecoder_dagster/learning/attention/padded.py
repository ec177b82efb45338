"""Attention on any device: plain SDPA with masks, segments padded in groups of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import scaled_dot_product_attention

from acecoder_dagster.learning.attention.segments import Segment, by_length, by_token, shared_heads


@dataclass(frozen=True)
class PaddedPlan:
    """What plain SDPA needs of a row: segments of similar length share one call.

    Attributes:
        queries: Positions in the row of the queries, group after group.
        keys: Positions in the row of the keys, group after group.
        masks: For each group, which query sees which key: `(segments, 1, queries, keys)`.
        outputs: For each token of the row, its place in the outputs of all groups.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    masks: list[torch.Tensor]
    outputs: torch.Tensor


def padded_plan(segments: Sequence[Segment], device: torch.device, window: int | None = None) -> PaddedPlan:
    """Return the plan of plain SDPA for the segments of a row.

    Args:
        segments: The segments.
        device: Device of the plan.
        window: How many tokens a token sees, itself included; all before it where it is None.
    """
    queries, keys, masks, is_query = [], [], [], []
    for group in by_length(segments):
        query = torch.arange(max(segment.queries for segment in group))
        key = torch.arange(max(segment.keys for segment in group))
        own, before = torch.tensor([[[s.start], [s.prefix_start]] for s in group]).unbind(1)
        asking, prefix = torch.tensor([[[s.queries], [s.prefix]] for s in group]).unbind(1)
        real = query < asking
        # Queries of padding see key 0, so that their softmax is defined. Their output is not used.
        position = prefix[:, :, None] + query[:, None]
        visible = key <= position
        if window is not None:
            visible &= key > position - window
        masks.append(torch.where(real[:, :, None], visible, key == 0)[:, None])
        queries.append(torch.where(real, own + query, 0).flatten())
        own_keys = torch.where(key < prefix + asking, own + key - prefix, 0)
        keys.append(torch.where(key < prefix, before + key, own_keys).flatten())
        is_query.append(real.flatten())
    query, real = torch.cat(queries), torch.cat(is_query)
    outputs = torch.empty(segments[-1].stop, dtype=torch.long)
    outputs[query[real]] = real.nonzero()[:, 0]
    return PaddedPlan(
        query.to(device), torch.cat(keys).to(device), [mask.to(device) for mask in masks], outputs.to(device)
    )


def padded_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    plan: PaddedPlan,
    scale: float | None,
    dropout: float = 0.0,
    softcap: float | None = None,
) -> torch.Tensor:
    """Compute attention on any device; arguments and result are those of `packed_attention`."""
    key, value = shared_heads(query, key, value)
    heads, size = query.shape[1], query.shape[3]
    query_counts = [mask.shape[0] * mask.shape[2] for mask in plan.masks]
    key_counts = [mask.shape[0] * mask.shape[3] for mask in plan.masks]

    def gather(states: torch.Tensor, positions: torch.Tensor, counts: list[int]) -> list[torch.Tensor]:
        # One gather for all groups, so that its gradient is one pass over the row.
        parts = by_token(states).index_select(0, positions).split(counts)
        return [
            part.view(mask.shape[0], -1, heads, size).transpose(1, 2)
            for part, mask in zip(parts, plan.masks, strict=True)
        ]

    queries = gather(query, plan.queries, query_counts)
    keys = gather(key, plan.keys, key_counts)
    values = gather(value, plan.keys, key_counts)
    outputs = [
        _attend(states, mask, scale, dropout, softcap).transpose(1, 2).reshape(-1, heads * size)
        for states, mask in zip(zip(queries, keys, values, strict=True), plan.masks, strict=True)
    ]
    return torch.cat(outputs).index_select(0, plan.outputs).view(1, -1, heads, size)


def _attend(
    states: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    mask: torch.Tensor,
    scale: float | None,
    dropout: float,
    softcap: float | None,
) -> torch.Tensor:
    """Compute attention of queries, keys and values, with products between `-softcap` and `softcap`, as in Gemma-2."""
    query, key, value = states
    if softcap is None:
        return scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale, dropout_p=dropout)
    products = query @ key.transpose(-2, -1) * (scale if scale is not None else query.shape[-1] ** -0.5)
    capped = softcap * torch.tanh(products / softcap)
    shares = torch.softmax(capped.masked_fill(~mask, -torch.inf), -1, dtype=torch.float32)
    return torch.nn.functional.dropout(shares, dropout).to(query.dtype) @ value

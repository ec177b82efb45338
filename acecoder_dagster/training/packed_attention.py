"""Attention over a packed row, in which only stretches ("segments") see each other: three ways of computing it.

A prompt sees itself, a program sees its prompt and itself, both causally. What each way needs to know of the segments
is prepared once per row and shared by all layers:

- on a CPU, ``_SplitAttention``: programs see themselves in one causal call per length group and their prompt in one
  call per prompt, without masks; the two are put together by their log-sum-exp;
- on a GPU in half precision, FlashAttention of variable length, in one call;
- else plain SDPA with masks, padded by length group.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

PACKED_ATTENTION = "packed_segments"
"""Name under which the attention function below is registered with transformers."""

_MAX_PADDING_RATIO = 1.5
"""A length group may spend up to this many times the attention work its segments need (measured optimum)."""


@dataclass(frozen=True)
class Segment:
    """Tokens ``start:stop`` of a row, which see themselves and the prefix ``prefix_start:prefix_stop``."""

    start: int
    stop: int
    prefix_start: int = 0
    prefix_stop: int = 0

    @property
    def queries(self) -> int:
        """How many tokens ask."""
        return self.stop - self.start

    @property
    def prefix(self) -> int:
        """How many tokens before its own it sees."""
        return self.prefix_stop - self.prefix_start

    @property
    def keys(self) -> int:
        """How many tokens it sees, its own included."""
        return self.queries + self.prefix


class PackedSegments:
    """The segments of a row, which cover it from first to last token, and what each way of attention needs of them.

    Args:
        segments: In the order of the row; segments with the same prefix are neighbours.
        device: Where attention is computed.
    """

    def __init__(self, segments: Sequence[Segment], device: torch.device) -> None:
        self._segments = segments
        self._device = device

    @cached_property
    def split(self) -> _SplitPlan:
        """For attention on a CPU."""
        return _split_plan(self._segments)

    @cached_property
    def flash(self) -> _FlashPlan:
        """For FlashAttention."""
        return _flash_plan(self._segments, self._device)

    @cached_property
    def padded(self) -> _PaddedPlan:
        """For plain SDPA."""
        return _padded_plan(self._segments, self._device)


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    packed_segments: PackedSegments,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Attention over a packed row, in the form transformers' ``AttentionInterface`` asks for.

    Args:
        module: The attention module of the layer (not used).
        query: ``(1, heads, tokens, head size)``.
        key: ``(1, key heads, tokens, head size)``; fewer heads than the query's are shared.
        value: Like ``key``.
        attention_mask: Always ``None``: the segments say what sees what.
        scaling: Factor on the products of query and key.
        dropout: Attention dropout.
        packed_segments: The segments of the row, passed as a keyword through the model's forward.

    Returns:
        ``(1, tokens, heads, head size)`` and ``None`` for the weights.
    """
    del module, attention_mask
    if dropout:
        return padded_attention(query, key, value, packed_segments, scaling, dropout), None
    if query.device.type == "cpu":
        # On CPU the backward of the attention kernel is three times faster in float32 than in bfloat16 (measured).
        with torch.autocast("cpu", enabled=False):
            output = split_attention(query.float(), key.float(), value.float(), packed_segments, scaling)
        return output.to(query.dtype), None
    if query.device.type == "cuda" and query.dtype in (torch.bfloat16, torch.float16):
        return flash_attention(query, key, value, packed_segments, scaling), None
    return padded_attention(query, key, value, packed_segments, scaling), None


AttentionInterface.register(PACKED_ATTENTION, packed_attention)
AttentionMaskInterface.register(PACKED_ATTENTION, lambda *_, **__: None)


def _shared_heads(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Repeat key heads that several query heads share."""
    shared_by = query.shape[1] // key.shape[1]
    if shared_by == 1:
        return key, value
    return key.repeat_interleave(shared_by, 1), value.repeat_interleave(shared_by, 1)


def _by_token(states: torch.Tensor) -> torch.Tensor:
    """``(1, heads, tokens, size)`` as ``(tokens, heads * size)``."""
    return states[0].transpose(0, 1).flatten(1)


def _by_length(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments sorted by length and cut where padding them together would cost too much."""
    groups: list[list[Segment]] = []
    needed = 0
    most_queries = most_keys = 0
    for segment in sorted(segments, key=lambda s: (s.queries, s.keys)):
        needed += segment.queries * segment.keys
        most_queries, most_keys = max(most_queries, segment.queries), max(most_keys, segment.keys)
        size_with_segment = len(groups[-1]) + 1 if groups else 0
        if groups and size_with_segment * most_queries * most_keys <= _MAX_PADDING_RATIO * needed:
            groups[-1].append(segment)
        else:
            groups.append([segment])
            needed = segment.queries * segment.keys
            most_queries, most_keys = segment.queries, segment.keys
    return groups


# --- on a CPU -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _SplitPlan:
    """What sees itself, padded by length group, and who sees which prefix.

    Attributes:
        shapes: Segments and longest segment of each length group.
        positions: Row positions of the tokens of all length groups, one group after another; padding comes behind
            the tokens of a segment and repeats one.
        padding: Which of these positions are padding.
        places: For each token of the row, where among these positions it is.
        prefixes: Start and stop of each prefix, and where the tokens that see it stop; they begin where it stops.
    """

    shapes: list[tuple[int, int]]
    positions: torch.Tensor
    padding: torch.Tensor
    places: torch.Tensor
    prefixes: list[tuple[int, int, int]]

    def padded(self, by_token: torch.Tensor, size: int, padding: float | None = None) -> list[torch.Tensor]:
        """Rows of tokens as ``(segments, heads, longest segment, size)`` per length group.

        Padding has the values of some token, or those given.
        """
        chosen = by_token.index_select(0, self.positions)
        if padding is not None:
            chosen.index_fill_(0, self.padding, padding)
        parts = chosen.split([count * longest for count, longest in self.shapes])
        return [part.view(*shape, -1, size).transpose(1, 2) for part, shape in zip(parts, self.shapes, strict=True)]

    def unpadded(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Undo :meth:`padded`."""
        return torch.cat([part.transpose(1, 2).flatten(0, 1).flatten(1) for part in parts]).index_select(0, self.places)


def _split_plan(segments: Sequence[Segment]) -> _SplitPlan:
    groups = _by_length([Segment(segment.start, segment.stop) for segment in segments])
    shapes = [(len(group), max(segment.queries for segment in group)) for group in groups]
    positions, is_token = [], []
    for group, (_, longest) in zip(groups, shapes, strict=True):
        token = torch.arange(longest)
        inside = token < torch.tensor([[segment.queries] for segment in group])
        starts = torch.tensor([[segment.start] for segment in group])
        positions.append((starts + torch.where(inside, token, 0)).flatten())
        is_token.append(inside.flatten())
    position, inside = torch.cat(positions), torch.cat(is_token)
    places = torch.empty(segments[-1].stop, dtype=torch.long)
    places[position[inside]] = inside.nonzero()[:, 0]
    prefixes: dict[tuple[int, int], int] = {}
    for segment in segments:
        if segment.prefix:
            prefixes[segment.prefix_start, segment.prefix_stop] = segment.stop
    return _SplitPlan(
        shapes, position, (~inside).nonzero()[:, 0], places, [(*prefix, stop) for prefix, stop in prefixes.items()]
    )


def split_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, segments: PackedSegments, scale: float | None
) -> torch.Tensor:
    """Attention on a CPU, in float32; arguments and result as of :func:`packed_attention`."""
    return _SplitAttention.apply(query, *_shared_heads(query, key, value), segments.split, scale)


class _SplitAttention(torch.autograd.Function):  # type: ignore[misc]  # torch is not followed by mypy
    """Attention to own tokens and to the prefix apart.

    Put together by log-sum-exp, and taken apart again in the backward pass, as where keys lie on several devices
    (Liu et al. 2023, Ring Attention, section 3): the kernel's backward pass for some of the keys, given output and
    log-sum-exp over all keys, is exactly the share of these keys in the gradient.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        plan: _SplitPlan,
        scale: float | None,
    ) -> torch.Tensor:
        """Return ``(1, tokens, heads, size)``."""
        heads, tokens, size = query.shape[1:]
        own = [
            torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(*states, 0.0, True, scale=scale)
            for states in zip(*(plan.padded(_by_token(each), size) for each in (query, key, value)), strict=True)
        ]
        output = plan.unpadded([part for part, _ in own]).view(tokens, heads, size)
        weight = plan.unpadded([part[..., None] for _, part in own])
        for start, stop, end in plan.prefixes:
            seen, seen_weight = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
                query[:, :, stop:end], key[:, :, start:stop], value[:, :, start:stop], 0.0, False, scale=scale
            )
            own_weight, seen_weight = weight[stop:end], seen_weight[0].T
            both = torch.logaddexp(own_weight, seen_weight)
            output[stop:end].mul_((own_weight - both).exp_()[..., None])
            output[stop:end].addcmul_(seen[0].transpose(0, 1), (seen_weight - both).exp_()[..., None])
            weight[stop:end] = both
        ctx.save_for_backward(query, key, value, output, weight)
        ctx.plan, ctx.scale = plan, scale
        return output[None]

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        """Return the gradients of query, key and value."""
        query, key, value, output, weight = ctx.saved_tensors
        plan, scale = ctx.plan, ctx.scale
        heads, tokens, size = query.shape[1:]
        kernel = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward
        # Padding asks for nothing: no gradient comes in, and an infinite weight leaves it no share of any key.
        asked = plan.padded(gradient[0].flatten(1), size, padding=0.0)
        weights = plan.padded(weight, 1, padding=math.inf)
        states = [plan.padded(_by_token(each), size) for each in (query, key, value)]
        outputs = plan.padded(output.flatten(1), size)
        own = [
            kernel(*each[:5], each[5][..., 0], 0.0, True, scale=scale)
            for each in zip(asked, *states, outputs, weights, strict=True)
        ]
        gradients = [
            plan.unpadded(parts).view(tokens, heads, size).transpose(0, 1)[None] for parts in zip(*own, strict=True)
        ]
        gradient, output, weight = gradient.transpose(1, 2), output.transpose(0, 1)[None], weight.T[None]
        for start, stop, end in plan.prefixes:
            parts = kernel(
                gradient[:, :, stop:end],
                query[:, :, stop:end],
                key[:, :, start:stop],
                value[:, :, start:stop],
                output[:, :, stop:end],
                weight[:, :, stop:end],
                0.0,
                False,
                scale=scale,
            )
            for whole, part, (first, last) in zip(
                gradients, parts, ((stop, end), (start, stop), (start, stop)), strict=True
            ):
                whole[:, :, first:last] += part
        return (*gradients, None, None)


# --- on a GPU -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _FlashPlan:
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


def _flash_plan(segments: Sequence[Segment], device: torch.device) -> _FlashPlan:
    seen = [torch.arange(*ends) for s in segments for ends in ((s.prefix_start, s.prefix_stop), (s.start, s.stop))]
    ends = torch.zeros(2, len(segments) + 1, dtype=torch.int32)
    ends[:, 1:] = torch.tensor([[s.queries for s in segments], [s.keys for s in segments]]).cumsum(1)
    return _FlashPlan(
        keys=torch.cat(seen).to(device),
        query_ends=ends[0].to(device),
        key_ends=ends[1].to(device),
        most_queries=max(segment.queries for segment in segments),
        most_keys=max(segment.keys for segment in segments),
    )


def flash_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, segments: PackedSegments, scale: float | None
) -> torch.Tensor:
    """Attention on a GPU, in half precision; arguments and result as of :func:`packed_attention`.

    Causal from the end of each segment: its last query sees all its keys.
    """
    plan = segments.flash
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


# --- elsewhere ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _PaddedPlan:
    """Segments of similar length, padded to one attention call.

    Attributes:
        queries: Row positions of the queries of all length groups, one group after another.
        keys: Row positions of their keys, likewise.
        masks: Per length group, which query sees which key: ``(segments, 1, queries, keys)``.
        outputs: For each token of the row, where in the outputs of all length groups it lies.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    masks: list[torch.Tensor]
    outputs: torch.Tensor


def _padded_plan(segments: Sequence[Segment], device: torch.device) -> _PaddedPlan:
    queries, keys, masks, is_query = [], [], [], []
    for group in _by_length(segments):
        query = torch.arange(max(segment.queries for segment in group))
        key = torch.arange(max(segment.keys for segment in group))
        own, before = torch.tensor([[[s.start], [s.prefix_start]] for s in group]).unbind(1)
        asking, prefix = torch.tensor([[[s.queries], [s.prefix]] for s in group]).unbind(1)
        real = query < asking
        # Padding queries see key 0, so that their softmax is defined; their output is thrown away.
        masks.append(torch.where(real[:, :, None], key <= prefix[:, :, None] + query[:, None], key == 0)[:, None])
        queries.append(torch.where(real, own + query, 0).flatten())
        own_keys = torch.where(key < prefix + asking, own + key - prefix, 0)
        keys.append(torch.where(key < prefix, before + key, own_keys).flatten())
        is_query.append(real.flatten())
    query, real = torch.cat(queries), torch.cat(is_query)
    outputs = torch.empty(segments[-1].stop, dtype=torch.long)
    outputs[query[real]] = real.nonzero()[:, 0]
    return _PaddedPlan(
        query.to(device), torch.cat(keys).to(device), [mask.to(device) for mask in masks], outputs.to(device)
    )


def padded_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    segments: PackedSegments,
    scale: float | None,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Attention on any device; arguments and result as of :func:`packed_attention`."""
    plan = segments.padded
    key, value = _shared_heads(query, key, value)
    heads, size = query.shape[1], query.shape[3]
    query_counts = [mask.shape[0] * mask.shape[2] for mask in plan.masks]
    key_counts = [mask.shape[0] * mask.shape[3] for mask in plan.masks]

    def gather(states: torch.Tensor, positions: torch.Tensor, counts: list[int]) -> list[torch.Tensor]:
        # One gather for all length groups: its gradient is one pass over the row instead of one per group.
        parts = _by_token(states).index_select(0, positions).split(counts)
        return [
            part.view(mask.shape[0], -1, heads, size).transpose(1, 2)
            for part, mask in zip(parts, plan.masks, strict=True)
        ]

    queries = gather(query, plan.queries, query_counts)
    keys = gather(key, plan.keys, key_counts)
    values = gather(value, plan.keys, key_counts)
    outputs = [
        torch.nn.functional.scaled_dot_product_attention(*padded, attn_mask=mask, scale=scale, dropout_p=dropout)
        .transpose(1, 2)
        .reshape(-1, heads * size)
        for *padded, mask in zip(queries, keys, values, plan.masks, strict=True)
    ]
    return torch.cat(outputs).index_select(0, plan.outputs).view(1, -1, heads, size)

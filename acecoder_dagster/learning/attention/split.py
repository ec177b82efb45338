"""Attention on a CPU without masks: what programs see of themselves and of their prompt is computed separately.

The first takes one causal call for each group of programs of similar length, the second one call for each prompt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from acecoder_dagster.learning.attention.segments import Segment, by_length, by_token, shared_heads


@dataclass(frozen=True)
class SplitPlan:
    """What split attention needs of a row: segments padded in groups of similar length, and prefixes.

    Attributes:
        shapes: Number of segments and length of the longest one, for each group.
        positions: Positions in the row of the tokens, group after group. Padding follows the tokens of a segment and
            repeats one of them.
        padding: Which of these positions are padding.
        places: For each token of the row, its place among these positions.
        prefixes: Start and stop of each prefix, and where the tokens that see it stop. They start where it stops.
    """

    shapes: list[tuple[int, int]]
    positions: torch.Tensor
    padding: torch.Tensor
    places: torch.Tensor
    prefixes: list[tuple[int, int, int]]

    def padded(self, by_token: torch.Tensor, size: int, padding: float | None = None) -> list[torch.Tensor]:
        """Return the tokens of a row as `(segments, heads, longest segment, size)` for each group.

        Padding has the values of some token, or the value that is given.
        """
        chosen = by_token.index_select(0, self.positions)
        if padding is not None:
            chosen.index_fill_(0, self.padding, padding)
        parts = chosen.split([count * longest for count, longest in self.shapes])
        return [part.view(*shape, -1, size).transpose(1, 2) for part, shape in zip(parts, self.shapes, strict=True)]

    def unpadded(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the tokens in the order of the row, without padding."""
        return torch.cat([part.transpose(1, 2).flatten(0, 1).flatten(1) for part in parts]).index_select(0, self.places)


def split_plan(segments: Sequence[Segment]) -> SplitPlan:
    """Return the plan of split attention for the segments of a row."""
    groups = by_length([Segment(segment.start, segment.stop) for segment in segments])
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
    return SplitPlan(
        shapes, position, (~inside).nonzero()[:, 0], places, [(*prefix, stop) for prefix, stop in prefixes.items()]
    )


def split_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, plan: SplitPlan, scale: float | None
) -> torch.Tensor:
    """Compute attention on a CPU in float32; arguments and result are those of `packed_attention`."""
    return _SplitAttention.apply(query, *shared_heads(query, key, value), plan, scale)


class _SplitAttention(torch.autograd.Function):  # type: ignore[misc]  # torch is not followed by mypy
    """Attention to own tokens and attention to the prefix, computed separately and joined by log-sum-exp.

    This is how attention is computed when keys are on several devices (Liu et al. 2023, Ring Attention, section 3). In
    the backward pass the kernel is called for some of the keys, with output and log-sum-exp over all keys. What it
    returns is exactly the part of these keys in the gradient.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        plan: SplitPlan,
        scale: float | None,
    ) -> torch.Tensor:
        """Return `(1, tokens, heads, size)`."""
        heads, tokens, size = query.shape[1:]
        own = [
            torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(*states, 0.0, True, scale=scale)
            for states in zip(*(plan.padded(by_token(each), size) for each in (query, key, value)), strict=True)
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
        # Padding adds nothing: its gradient is zero, and an infinite weight gives it no part in any key.
        asked = plan.padded(gradient[0].flatten(1), size, padding=0.0)
        weights = plan.padded(weight, 1, padding=math.inf)
        states = [plan.padded(by_token(each), size) for each in (query, key, value)]
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
            for in_row, part, (first, last) in zip(
                gradients, parts, ((stop, end), (start, stop), (start, stop)), strict=True
            ):
                in_row[:, :, first:last] += part
        return (*gradients, None, None)

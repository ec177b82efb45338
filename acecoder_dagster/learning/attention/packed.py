"""The attention function of packed rows, which chooses how it is computed.

The plan of each way is made once per row, and all layers use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import torch
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from acecoder_dagster.learning.attention.flash import FlashPlan, flash_attention, flash_plan
from acecoder_dagster.learning.attention.padded import PaddedPlan, padded_attention, padded_plan
from acecoder_dagster.learning.attention.segments import Segment
from acecoder_dagster.learning.attention.split import SplitPlan, split_attention, split_plan

PACKED_ATTENTION = "packed_segments"
"""Name of the attention function in transformers."""


class PackedSegments:
    """The segments of a row, and the plans that the ways of attention make of them.

    Args:
        segments: Segments that cover the row, in its order. Segments with the same prefix are neighbours.
        device: Device on which attention is computed.
        computed_as_on: Type of the device whose way of attention is taken; that of `device` where it is None.
    """

    def __init__(self, segments: Sequence[Segment], device: torch.device, computed_as_on: str | None = None) -> None:
        self._segments = segments
        self._device = device
        self.computed_as_on = computed_as_on or device.type
        self._padded: dict[int | None, PaddedPlan] = {}

    def as_on(self, device_type: str) -> PackedSegments:
        """Return the same segments, with attention in the way of another type of device: a rehearsal needs it."""
        return PackedSegments(self._segments, self._device, device_type)

    def make_plans(self, windows: Iterable[int | None]) -> None:
        """Make plans beforehand, which attention otherwise makes when it needs them.

        Args:
            windows: Those of plain SDPA, see `padded`; none where it is not used.
        """
        _ = self.flash if self.computed_as_on == "cuda" else self.split
        for window in windows:
            self.padded(window)

    @cached_property
    def split(self) -> SplitPlan:
        """Plan for a CPU."""
        return split_plan(self._segments)

    @cached_property
    def flash(self) -> FlashPlan:
        """Plan for FlashAttention."""
        return flash_plan(self._segments, self._device)

    @cached_property
    def most_seen(self) -> int:
        """Greatest number of tokens that a token sees, itself included."""
        return max(segment.keys for segment in self._segments)

    def padded(self, window: int | None = None) -> PaddedPlan:
        """Return the plan for plain SDPA, in which a token sees no more than `window` tokens."""
        if window not in self._padded:
            self._padded[window] = padded_plan(self._segments, self._device, window)
        return self._padded[window]


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
    softcap: float | None = None,
    sliding_window: int | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Compute attention over a packed row, as a function of transformers' `AttentionInterface`.

    Args:
        module: The attention module of the layer (not used).
        query: `(1, heads, tokens, head size)`.
        key: `(1, key heads, tokens, head size)`. If it has fewer heads than the query, they are shared.
        value: Like `key`.
        attention_mask: Always `None`, because the segments say which tokens see each other.
        scaling: Factor of the products of query and key.
        dropout: Attention dropout.
        packed_segments: The segments of the row; the model passes this keyword on.
        softcap: The products are held between this and its negative, in models such as Gemma-2.
        sliding_window: How many tokens a token sees at most in this layer, itself included.

    Returns:
        `(1, tokens, heads, head size)` and `None` for the weights.
    """
    del module, attention_mask
    # Where no text is longer than the window, it changes nothing.
    window = sliding_window if sliding_window is not None and sliding_window < packed_segments.most_seen else None
    if dropout or softcap is not None or window is not None:
        plan = packed_segments.padded(window)
        return padded_attention(query, key, value, plan, scaling, dropout, softcap), None
    if packed_segments.computed_as_on == "cpu":
        # On a CPU the backward pass of the kernel is three times faster in float32 than in bfloat16 (measured).
        with torch.autocast("cpu", enabled=False):
            output = split_attention(query.float(), key.float(), value.float(), packed_segments.split, scaling)
        return output.to(query.dtype), None
    half = half_precision(query.dtype, query.device.type)
    if packed_segments.computed_as_on == "cuda" and half is not None:
        # Rotating queries and keys has made them float32, where weights are.
        output = flash_attention(query.to(half), key.to(half), value.to(half), packed_segments.flash, scaling)
        return output.to(query.dtype), None
    return padded_attention(query, key, value, packed_segments.padded(), scaling), None


def half_precision(dtype: torch.dtype, device_type: str) -> torch.dtype | None:
    """Return the half precision of attention: that of the states, or of autocast; None where it is float32."""
    if dtype == torch.float32 and torch.is_autocast_enabled(device_type):
        dtype = torch.get_autocast_dtype(device_type)
    return dtype if dtype in (torch.bfloat16, torch.float16) else None


AttentionInterface.register(PACKED_ATTENTION, packed_attention)
AttentionMaskInterface.register(PACKED_ATTENTION, lambda *_, **__: None)

"""The attention function of packed rows: which way it is computed where.

What each way needs to know of the segments is prepared once per row and shared by all layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from acecoder_dagster.learning.attention.flash import FlashPlan, flash_attention, flash_plan
from acecoder_dagster.learning.attention.padded import PaddedPlan, padded_attention, padded_plan
from acecoder_dagster.learning.attention.segments import Segment
from acecoder_dagster.learning.attention.split import SplitPlan, split_attention, split_plan

PACKED_ATTENTION = "packed_segments"
"""Name under which the attention function below is registered with transformers."""


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
    def split(self) -> SplitPlan:
        """For attention on a CPU."""
        return split_plan(self._segments)

    @cached_property
    def flash(self) -> FlashPlan:
        """For FlashAttention."""
        return flash_plan(self._segments, self._device)

    @cached_property
    def padded(self) -> PaddedPlan:
        """For plain SDPA."""
        return padded_plan(self._segments, self._device)


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
    """Attention over a packed row, in the form transformers' `AttentionInterface` asks for.

    Args:
        module: The attention module of the layer (not used).
        query: `(1, heads, tokens, head size)`.
        key: `(1, key heads, tokens, head size)`; fewer heads than the query's are shared.
        value: Like `key`.
        attention_mask: Always `None`: the segments say what sees what.
        scaling: Factor on the products of query and key.
        dropout: Attention dropout.
        packed_segments: The segments of the row, passed as a keyword through the model's forward.

    Returns:
        `(1, tokens, heads, head size)` and `None` for the weights.
    """
    del module, attention_mask
    if dropout:
        return padded_attention(query, key, value, packed_segments.padded, scaling, dropout), None
    if query.device.type == "cpu":
        # On CPU the backward of the attention kernel is three times faster in float32 than in bfloat16 (measured).
        with torch.autocast("cpu", enabled=False):
            output = split_attention(query.float(), key.float(), value.float(), packed_segments.split, scaling)
        return output.to(query.dtype), None
    if query.device.type == "cuda" and query.dtype in (torch.bfloat16, torch.float16):
        return flash_attention(query, key, value, packed_segments.flash, scaling), None
    return padded_attention(query, key, value, packed_segments.padded, scaling), None


AttentionInterface.register(PACKED_ATTENTION, packed_attention)
AttentionMaskInterface.register(PACKED_ATTENTION, lambda *_, **__: None)

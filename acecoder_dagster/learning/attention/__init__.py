"""Attention over packed rows, in which only tokens of certain segments see each other.

It is computed in one of three ways: `split` on a CPU, `flash` on a GPU, `padded` elsewhere. Does not belong here: what
a row contains and why (`reward_model.packing`).
"""

from acecoder_dagster.learning.attention.packed import PACKED_ATTENTION, PackedSegments, packed_attention
from acecoder_dagster.learning.attention.segments import Segment

__all__ = ["PACKED_ATTENTION", "PackedSegments", "Segment", "packed_attention"]

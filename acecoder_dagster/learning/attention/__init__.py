"""Attention over packed rows, in which only stretches of tokens ("segments") see each other.

Three ways of computing it: `split` on a CPU, `flash` on a GPU, `padded` elsewhere. Does not belong here: what lies in
a row and why (`training.packing`).
"""

from acecoder_dagster.learning.attention.packed import PACKED_ATTENTION, PackedSegments, packed_attention
from acecoder_dagster.learning.attention.segments import Segment

__all__ = ["PACKED_ATTENTION", "PackedSegments", "Segment", "packed_attention"]

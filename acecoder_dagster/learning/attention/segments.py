"""Segments of a packed row, and what all ways of attention do with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

_MAX_PADDING_RATIO = 1.5
"""Padding may multiply the attention work of a group of segments by at most this factor (measured optimum)."""


@dataclass(frozen=True)
class Segment:
    """The tokens `start:stop` of a row. They see themselves, causally, and the prefix `prefix_start:prefix_stop`."""

    start: int
    stop: int
    prefix_start: int = 0
    prefix_stop: int = 0

    @property
    def queries(self) -> int:
        """Number of its tokens."""
        return self.stop - self.start

    @property
    def prefix(self) -> int:
        """Number of tokens of its prefix."""
        return self.prefix_stop - self.prefix_start

    @property
    def keys(self) -> int:
        """Number of tokens that it sees, its own included."""
        return self.queries + self.prefix


def shared_heads(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return keys and values with one head for every head of the query."""
    shared_by = query.shape[1] // key.shape[1]
    if shared_by == 1:
        return key, value
    return key.repeat_interleave(shared_by, 1), value.repeat_interleave(shared_by, 1)


def by_token(states: torch.Tensor) -> torch.Tensor:
    """Return `(1, heads, tokens, size)` as `(tokens, heads * size)`."""
    return states[0].transpose(0, 1).flatten(1)


def by_length(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Return segments in groups of similar length, which may be padded to one length at little cost."""
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

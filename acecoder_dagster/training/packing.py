"""Packing many programs into one forward pass, without padding and with each prompt stored once.

A reward model that is trained on pairs usually forwards prompt and program again for every pair. Here all
distinct programs of a prompt lie one after another behind their prompt in a single long row:

    prompt A | program A1 | program A2 | prompt B | program B1 | ...

Every layer except attention works on single tokens, so it needs no padding. Attention is told which stretches
("segments") of the row see each other: a prompt sees itself, a program sees its prompt and itself, both
causally. Programs of one prompt never see each other, so each score is what it would be alone.

Attention runs on segments of similar length together: one padded call per length group instead of one call per
segment, because thousands of tiny calls cost more than the padding they avoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface

PACKED_ATTENTION = "packed_segments"
"""Name under which the attention function below is registered with transformers."""

_MAX_PADDING_RATIO = 1.5
"""A length group may spend up to this many times the attention work its segments need (measured optimum)."""


@dataclass(frozen=True)
class PackedGroup:
    """One prompt and the programs written for it, as token ids.

    Attributes:
        prompt: Token ids of the prompt.
        programs: Token ids of each program, ending with the end-of-sequence token.
    """

    prompt: Sequence[int]
    programs: Sequence[Sequence[int]]

    @property
    def packed_tokens(self) -> int:
        """Tokens this group takes in a packed row."""
        return len(self.prompt) + sum(len(program) for program in self.programs)


@dataclass(frozen=True)
class _Segment:
    """Tokens ``start:stop`` of the row, which see themselves and the prefix ``prefix_start:prefix_stop``."""

    start: int
    stop: int
    prefix_start: int = 0
    prefix_stop: int = 0

    @property
    def queries(self) -> int:
        return self.stop - self.start

    @property
    def keys(self) -> int:
        return self.queries + self.prefix_stop - self.prefix_start


@dataclass(frozen=True)
class _LengthGroup:
    """Segments of similar length, padded to one attention call.

    Attributes:
        queries: Row positions of the queries, ``(segments * longest query,)``; padding repeats position 0.
        keys: Row positions of prefix and own keys, ``(segments * longest key,)``.
        mask: Which query sees which key, ``(segments, 1, longest query, longest key)``.
        used: Positions of the real (not padding) queries in ``queries``.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    mask: torch.Tensor
    used: torch.Tensor


@dataclass(frozen=True)
class PackedRow:
    """A packed row of groups, ready for :func:`score_packed_row`.

    Attributes:
        input_ids: Token ids, ``(1, tokens)``.
        position_ids: Position of each token in its own prompt + program, ``(1, tokens)``.
        last_tokens: Row position of the last token of every program, in the order of the groups.
        length_groups: How attention is cut.
        unpack: Puts the concatenated outputs of the length groups back into row order.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    last_tokens: torch.Tensor
    length_groups: list[_LengthGroup]
    unpack: torch.Tensor


def pack(groups: Sequence[PackedGroup], device: torch.device | str = "cpu") -> PackedRow:
    """Lay groups out in one row.

    Args:
        groups: Prompts with their programs; every prompt and program has at least one token.
        device: Where the tensors are wanted.

    Returns:
        The row; ``last_tokens`` has one entry per program, in the order given.
    """
    ids: list[int] = []
    positions: list[int] = []
    last_tokens: list[int] = []
    segments: list[_Segment] = []
    for group in groups:
        prompt_start, prompt_stop = len(ids), len(ids) + len(group.prompt)
        ids.extend(group.prompt)
        positions.extend(range(len(group.prompt)))
        segments.append(_Segment(prompt_start, prompt_stop))
        for program in group.programs:
            segments.append(_Segment(len(ids), len(ids) + len(program), prompt_start, prompt_stop))
            ids.extend(program)
            positions.extend(range(len(group.prompt), len(group.prompt) + len(program)))
            last_tokens.append(len(ids) - 1)
    length_groups = [_pad_length_group(members, device) for members in _by_length(segments)]
    packed_order = torch.cat([group.queries[group.used] for group in length_groups])
    return PackedRow(
        input_ids=torch.tensor([ids], device=device),
        position_ids=torch.tensor([positions], device=device),
        last_tokens=torch.tensor(last_tokens, device=device),
        length_groups=length_groups,
        unpack=torch.argsort(packed_order),
    )


def _by_length(segments: Sequence[_Segment]) -> list[list[_Segment]]:
    """Segments sorted by length and cut where padding them together would cost too much."""
    groups: list[list[_Segment]] = []
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


def _pad_length_group(segments: Sequence[_Segment], device: torch.device | str) -> _LengthGroup:
    longest_query = max(segment.queries for segment in segments)
    longest_key = max(segment.keys for segment in segments)
    starts = torch.tensor([(s.start, s.prefix_start) for s in segments])
    query_counts = torch.tensor([s.queries for s in segments])
    prefix_counts = torch.tensor([s.prefix_stop - s.prefix_start for s in segments])
    query = torch.arange(longest_query)
    key = torch.arange(longest_key)
    is_query = query < query_counts[:, None]
    queries = torch.where(is_query, starts[:, :1] + query, 0)
    in_prefix = key < prefix_counts[:, None]
    is_key = key < (prefix_counts + query_counts)[:, None]
    own_keys = starts[:, :1] + key - prefix_counts[:, None]
    keys = torch.where(in_prefix, starts[:, 1:] + key, torch.where(is_key, own_keys, 0))
    last_visible = query[None, :, None] + prefix_counts[:, None, None]
    # Padding queries see key 0, so that their softmax is defined; their output is thrown away.
    mask = torch.where(is_query[:, :, None], key <= last_visible, key == 0)
    return _LengthGroup(
        queries=queries.flatten().to(device),
        keys=keys.flatten().to(device),
        mask=mask[:, None].to(device),
        used=is_query.flatten().nonzero()[:, 0].to(device),
    )


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float | None = None,
    dropout: float = 0.0,
    packed_row: PackedRow,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Attention over a packed row, in the form transformers' ``AttentionInterface`` asks for.

    Args:
        module: The attention module of the layer (not used).
        query: ``(1, heads, tokens, head size)``.
        key: ``(1, key heads, tokens, head size)``; fewer heads than the query's are shared.
        value: Like ``key``.
        attention_mask: Always ``None``: the packed row says what sees what.
        scaling: Factor on the products of query and key.
        dropout: Attention dropout.
        packed_row: The row, passed as a keyword through the model's forward.

    Returns:
        ``(1, tokens, heads, head size)`` and ``None`` for the weights.
    """
    del module, attention_mask
    output_type = query.dtype
    if query.device.type == "cpu":
        # On CPU the attention kernel is two to three times faster in float32 than in bfloat16 (measured).
        query, key, value = query.float(), key.float(), value.float()
    shared_by = query.shape[1] // key.shape[1]
    if shared_by > 1:
        key, value = key.repeat_interleave(shared_by, 1), value.repeat_interleave(shared_by, 1)
    heads, head_size = query.shape[1], query.shape[3]
    query, key, value = (t[0].transpose(0, 1).reshape(-1, heads * head_size) for t in (query, key, value))
    outputs = []
    for group in packed_row.length_groups:
        segments = group.mask.shape[0]

        def gather(states: torch.Tensor, positions: torch.Tensor, segments: int = segments) -> torch.Tensor:
            return states.index_select(0, positions).view(segments, -1, heads, head_size).transpose(1, 2)

        output = torch.nn.functional.scaled_dot_product_attention(
            gather(query, group.queries),
            gather(key, group.keys),
            gather(value, group.keys),
            attn_mask=group.mask,
            scale=scaling,
            dropout_p=dropout,
        )
        outputs.append(output.transpose(1, 2).reshape(-1, heads * head_size).index_select(0, group.used))
    row = torch.cat(outputs).index_select(0, packed_row.unpack)
    return row.view(1, -1, heads, head_size).to(output_type), None


AttentionInterface.register(PACKED_ATTENTION, packed_attention)
AttentionMaskInterface.register(PACKED_ATTENTION, lambda *_, **__: None)


class PackedScorer(torch.nn.Module):  # type: ignore[misc]  # torch is not followed by mypy
    """A sequence classifier with one label, applied to packed rows.

    Args:
        model: What ``AutoModelForSequenceClassification`` loads with ``num_labels=1`` and
            ``attn_implementation=PACKED_ATTENTION``.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, row: PackedRow) -> torch.Tensor:
        """Scores of all programs of the row, in order, as float32.

        The score head is always computed in float32: in bfloat16 different programs get equal scores.
        """
        states = self.model.base_model(
            input_ids=row.input_ids, position_ids=row.position_ids, use_cache=False, packed_row=row
        ).last_hidden_state[0, row.last_tokens]
        with torch.autocast(states.device.type, enabled=False):
            weight = self.model.score.weight.float()
            return torch.nn.functional.linear(states.float(), weight)[:, 0]

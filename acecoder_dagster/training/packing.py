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

    def pieces(self, tokens: int) -> list[PackedGroup]:
        """Cut into groups of at most so many packed tokens (one program at the least), each with the prompt."""
        pieces: list[list[Sequence[int]]] = []
        room = 0
        for program in self.programs:
            if not pieces or len(program) > room:
                pieces.append([])
                room = tokens - len(self.prompt)
            pieces[-1].append(program)
            room -= len(program)
        return [PackedGroup(self.prompt, programs) for programs in pieces]


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
        queries: Row positions of the queries, ``(segments, longest query)``; padding repeats position 0.
        keys: Row positions of prefix and own keys, ``(segments, longest key)``.
        mask: Which query sees which key, ``(segments, 1, longest query, longest key)``.
        is_query: Which queries are real, not padding, ``(segments, longest query)``.
    """

    queries: torch.Tensor
    keys: torch.Tensor
    mask: torch.Tensor
    is_query: torch.Tensor


@dataclass(frozen=True)
class PackedRow:
    """A packed row of groups, passed to the model as the keyword ``packed_row``.

    Attributes:
        input_ids: Token ids, ``(1, tokens)``.
        position_ids: Position of each token in its own prompt + program, ``(1, tokens)``.
        last_tokens: Row position of the last token of every program, in the order of the groups.
        attention_queries: Row positions of the queries of all length groups, one group after another.
        attention_keys: Row positions of their keys, likewise.
        attention_masks: Per length group, which query sees which key: ``(segments, 1, queries, keys)``.
        attention_outputs: For each token of the row, where in the outputs of all length groups it lies.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    last_tokens: torch.Tensor
    attention_queries: torch.Tensor
    attention_keys: torch.Tensor
    attention_masks: list[torch.Tensor]
    attention_outputs: torch.Tensor


def pack(groups: Sequence[PackedGroup], device: torch.device | str = "cpu") -> PackedRow:
    """Lay groups out in one row.

    Args:
        groups: Prompts with their programs; a prompt may be empty, a program may not.
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
        if group.prompt:
            segments.append(_Segment(prompt_start, prompt_stop))
        for program in group.programs:
            segments.append(_Segment(len(ids), len(ids) + len(program), prompt_start, prompt_stop))
            ids.extend(program)
            positions.extend(range(len(group.prompt), len(group.prompt) + len(program)))
            last_tokens.append(len(ids) - 1)
    length_groups = [_pad_length_group(members) for members in _by_length(segments)]
    queries = torch.cat([group.queries.flatten() for group in length_groups])
    is_query = torch.cat([group.is_query.flatten() for group in length_groups])
    outputs = torch.empty(len(ids), dtype=torch.long)
    outputs[queries[is_query]] = is_query.nonzero()[:, 0]
    return PackedRow(
        input_ids=torch.tensor([ids], device=device),
        position_ids=torch.tensor([positions], device=device),
        last_tokens=torch.tensor(last_tokens, device=device),
        attention_queries=queries.to(device),
        attention_keys=torch.cat([group.keys.flatten() for group in length_groups]).to(device),
        attention_masks=[group.mask.to(device) for group in length_groups],
        attention_outputs=outputs.to(device),
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


def _pad_length_group(segments: Sequence[_Segment]) -> _LengthGroup:
    query = torch.arange(max(segment.queries for segment in segments))
    key = torch.arange(max(segment.keys for segment in segments))
    starts = torch.tensor([[segment.start] for segment in segments])
    prefix_starts = torch.tensor([[segment.prefix_start] for segment in segments])
    query_counts = torch.tensor([[segment.queries] for segment in segments])
    key_counts = torch.tensor([[segment.keys] for segment in segments])
    prefix_counts = key_counts - query_counts
    is_query = query < query_counts
    own_keys = torch.where(key < key_counts, starts + key - prefix_counts, 0)
    last_visible = prefix_counts[:, :, None] + query[None, :, None]
    # Padding queries see key 0, so that their softmax is defined; their output is thrown away.
    mask = torch.where(is_query[:, :, None], key <= last_visible, key == 0)
    return _LengthGroup(
        queries=torch.where(is_query, starts + query, 0),
        keys=torch.where(key < prefix_counts, prefix_starts + key, own_keys),
        mask=mask[:, None],
        is_query=is_query,
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
    if query.device.type == "cpu":
        # On CPU the backward of the attention kernel is three times faster in float32 than in bfloat16 (measured).
        with torch.autocast("cpu", enabled=False):
            output = _attend(query.float(), key.float(), value.float(), packed_row, scaling=scaling, dropout=dropout)
        return output.to(query.dtype), None
    return _attend(query, key, value, packed_row, scaling=scaling, dropout=dropout), None


def _attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    row: PackedRow,
    *,
    scaling: float | None,
    dropout: float,
) -> torch.Tensor:
    shared_by = query.shape[1] // key.shape[1]
    if shared_by > 1:
        key, value = key.repeat_interleave(shared_by, 1), value.repeat_interleave(shared_by, 1)
    heads, head_size = query.shape[1], query.shape[3]
    query_counts = [mask.shape[0] * mask.shape[2] for mask in row.attention_masks]
    key_counts = [mask.shape[0] * mask.shape[3] for mask in row.attention_masks]

    def gather(states: torch.Tensor, positions: torch.Tensor, counts: list[int]) -> list[torch.Tensor]:
        # One gather for all length groups: its gradient is one pass over the row instead of one per group.
        by_token = states[0].transpose(0, 1).reshape(-1, heads * head_size)
        parts = by_token.index_select(0, positions).split(counts)
        return [
            part.view(mask.shape[0], -1, heads, head_size).transpose(1, 2)
            for part, mask in zip(parts, row.attention_masks, strict=True)
        ]

    queries = gather(query, row.attention_queries, query_counts)
    keys = gather(key, row.attention_keys, key_counts)
    values = gather(value, row.attention_keys, key_counts)
    outputs = [
        torch.nn.functional.scaled_dot_product_attention(*padded, attn_mask=mask, scale=scaling, dropout_p=dropout)
        .transpose(1, 2)
        .reshape(-1, heads * head_size)
        for *padded, mask in zip(queries, keys, values, row.attention_masks, strict=True)
    ]
    return torch.cat(outputs).index_select(0, row.attention_outputs).view(1, -1, heads, head_size)


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

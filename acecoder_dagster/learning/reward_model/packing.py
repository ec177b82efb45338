"""Packing many programs into one forward pass, without padding and with each prompt stored once.

A reward model that is trained on pairs usually forwards prompt and program again for every pair. Here all
distinct programs of a prompt lie one after another behind their prompt in a single long row:

    prompt A | program A1 | program A2 | prompt B | program B1 | ...

Every layer except attention works on single tokens, so it needs no padding. Attention is told which stretches
("segments") of the row see each other: a prompt sees itself, a program sees its prompt and itself, both
causally. Programs of one prompt never see each other, so each score is what it would be alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from acecoder_dagster.learning.attention import PackedSegments, Segment


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
class PackedRow:
    """A packed row of groups.

    Attributes:
        input_ids: Token ids, `(1, tokens)`.
        position_ids: Position of each token in its own prompt + program, `(1, tokens)`.
        last_tokens: Row position of the last token of every program, in the order of the groups.
        segments: Which tokens see each other; passed to the model as the keyword `packed_segments`.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    last_tokens: torch.Tensor
    segments: PackedSegments


def pack(groups: Sequence[PackedGroup], device: torch.device | str = "cpu") -> PackedRow:
    """Lay groups out in one row.

    Args:
        groups: Prompts with their programs; a prompt may be empty, a program may not.
        device: Where the tensors are wanted.

    Returns:
        The row; `last_tokens` has one entry per program, in the order given.
    """
    ids: list[int] = []
    positions: list[int] = []
    last_tokens: list[int] = []
    segments: list[Segment] = []
    for group in groups:
        prompt_start, prompt_stop = len(ids), len(ids) + len(group.prompt)
        ids.extend(group.prompt)
        positions.extend(range(len(group.prompt)))
        if group.prompt:
            segments.append(Segment(prompt_start, prompt_stop))
        for program in group.programs:
            segments.append(Segment(len(ids), len(ids) + len(program), prompt_start, prompt_stop))
            ids.extend(program)
            positions.extend(range(len(group.prompt), len(group.prompt) + len(program)))
            last_tokens.append(len(ids) - 1)
    return PackedRow(
        input_ids=torch.tensor([ids], device=device),
        position_ids=torch.tensor([positions], device=device),
        last_tokens=torch.tensor(last_tokens, device=device),
        segments=PackedSegments(segments, torch.device(device)),
    )


class PackedScorer(torch.nn.Module):  # type: ignore[misc]  # torch is not followed by mypy
    """A sequence classifier with one label, applied to packed rows.

    Scores are read at the last token of each program, and behind the last attention tokens do not meet any more: the
    last feed-forward layer, where it is one as in Llama and Qwen, works on these tokens alone.

    Args:
        model: What `AutoModelForSequenceClassification` loads with `num_labels=1` and
            `attn_implementation=PACKED_ATTENTION`.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self._row: PackedRow
        if self.last_feed_forward is not None:
            self.last_feed_forward.register_forward_pre_hook(lambda _, states: (states[0][:, self._row.last_tokens],))
            self.last_feed_forward.register_forward_hook(lambda _, __, states: self._at_last_tokens(states))

    @property
    def last_feed_forward(self) -> torch.nn.Module | None:
        """The layer that works on last tokens alone; None where there is none as in Llama and Qwen."""
        layers = getattr(self.model.base_model, "layers", None)
        module = getattr(layers[-1], "mlp", None) if layers else None
        return module if hasattr(module, "down_proj") else None

    def forward(self, row: PackedRow) -> torch.Tensor:
        """Scores of all programs of the row, in order, as float32.

        The score head is always computed in float32: in bfloat16 different programs get equal scores.
        """
        self._row = row
        states = self.model.base_model(
            input_ids=row.input_ids, position_ids=row.position_ids, use_cache=False, packed_segments=row.segments
        ).last_hidden_state[0, row.last_tokens]
        with torch.autocast(states.device.type, enabled=False):
            return states.float() @ self.model.score.weight[0].float()

    def _at_last_tokens(self, states: torch.Tensor) -> torch.Tensor:
        """States of the last tokens at their places in the row, zeros elsewhere."""
        row = states.new_zeros(1, self._row.input_ids.shape[1], states.shape[2])
        return row.index_copy(1, self._row.last_tokens, states)

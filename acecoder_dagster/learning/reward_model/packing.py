"""Packing: many programs in one forward pass, without padding and with every prompt only once.

A reward model that is trained on pairs usually computes prompt and program again for every pair. Here all distinct
programs of a prompt follow their prompt in one long row:

    prompt A | program A1 | program A2 | prompt B | program B1 | ...

All layers except attention work on single tokens, so they need no padding. For attention, the row is divided into
segments: a prompt sees itself, and a program sees its prompt and itself, both causally. Programs of a prompt never see
each other, so every score is the same as if the program were alone.
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
        """Number of tokens of this group in a packed row."""
        return len(self.prompt) + sum(len(program) for program in self.programs)

    def pieces(self, tokens: int) -> list[PackedGroup]:
        """Return groups of at most this many packed tokens, each with the prompt and at least one program."""
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
        position_ids: Position of each token in its prompt + program, `(1, tokens)`.
        last_tokens: Position in the row of the last token of every program, in the order of the groups.
        segments: Which tokens see each other. The model takes them as the keyword `packed_segments`.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    last_tokens: torch.Tensor
    segments: PackedSegments


def pack(groups: Sequence[PackedGroup], device: torch.device | str = "cpu") -> PackedRow:
    """Pack groups into one row.

    Args:
        groups: Prompts with their programs. A prompt may be empty, a program may not.
        device: Device of the tensors.

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
    """A sequence classifier with one label that scores packed rows.

    Scores are read at the last token of each program. After the last attention, tokens do not depend on each other any
    more. So the last feed-forward layer, if it is one as in Llama and Qwen, computes only these tokens.

    Args:
        model: A sequence classifier that was loaded with `PACKED_ATTENTION`.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model
        self._row: PackedRow
        if self.last_feed_forward is not None:
            self.last_feed_forward.register_forward_pre_hook(lambda _, states: (states[0][:, self._row.last_tokens],))
            self.last_feed_forward.register_forward_hook(lambda _, __, states: self._at_last_tokens(states))

    @property
    def layers(self) -> Sequence[torch.nn.Module]:
        """The layers of the model, the first one first; none if the model does not have them as Llama and Qwen do."""
        layers: Sequence[torch.nn.Module] = getattr(self.model.base_model, "layers", ())
        return layers

    @property
    def last_feed_forward(self) -> torch.nn.Module | None:
        """The layer that computes last tokens only; None if the model has no layer as in Llama and Qwen."""
        module = getattr(self.layers[-1], "mlp", None) if self.layers else None
        return module if hasattr(module, "down_proj") else None

    def forward(self, row: PackedRow) -> torch.Tensor:
        """Return the scores of all programs of the row, in order, as float32.

        The score head is always computed in float32, because in bfloat16 different programs would have equal scores.
        """
        self._row = row
        states = self.model.base_model(
            input_ids=row.input_ids, position_ids=row.position_ids, use_cache=False, packed_segments=row.segments
        ).last_hidden_state[0, row.last_tokens]
        with torch.autocast(states.device.type, enabled=False):
            return states.float() @ self.model.score.weight[0].float()

    def _at_last_tokens(self, states: torch.Tensor) -> torch.Tensor:
        """Return the states of last tokens at their positions in the row, and zeros elsewhere."""
        row = states.new_zeros(1, self._row.input_ids.shape[1], states.shape[2])
        return row.index_copy(1, self._row.last_tokens, states)

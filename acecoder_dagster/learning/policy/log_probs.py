"""Log-probabilities of many completions in one packed forward pass; completions of a prompt share it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import torch

from acecoder_dagster.learning.reward_model.packing import PackedGroup, PackedRow, pack

IGNORED = -100
"""Label of tokens whose log-probability is not wanted."""


def packed_log_probs(
    model: torch.nn.Module, input_ids: torch.Tensor, attention_mask: torch.Tensor, completion_width: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log-probability and entropy of every completion token of a padded batch.

    The values are those of a forward pass over the padded batch, but padding and repeated prompts are not computed.

    Args:
        model: Causal model with TRL's fused head and packed attention.
        input_ids: Prompts padded on the left, then completions padded on the right, `(rows, tokens)`. Neighbouring rows
            with the same prompt share it.
        attention_mask: 1 where there is a token.
        completion_width: How many columns hold completions.

    Returns:
        Log-probabilities and entropies, `(rows, completion_width)`, 0 where there is no token.
    """
    prompt_width = input_ids.shape[1] - completion_width
    completion_mask = attention_mask[:, prompt_width:].bool()
    groups = _groups(input_ids, attention_mask.bool(), prompt_width)
    row = pack(groups, input_ids.device)
    labels = torch.full_like(row.input_ids, IGNORED)
    place = 0
    for group in groups:
        place += len(group.prompt)
        for completion in group.programs:
            labels[0, place + 1 : place + len(completion)] = torch.tensor(completion[1:])
            place += len(completion)
    output = forward_row(model, row, labels)
    # The fused head predicts the token after each place.
    asked = labels[0, 1:] != IGNORED
    padded = torch.zeros(completion_mask.shape, device=input_ids.device)
    log_probs = padded.masked_scatter(completion_mask, output.log_probs[0][asked].float())
    entropies = padded
    if output.entropy is not None:
        entropies = padded.masked_scatter(completion_mask, output.entropy[0][asked].float())
    return log_probs, entropies


def forward_row(model: torch.nn.Module, row: PackedRow, labels: torch.Tensor) -> Any:  # noqa: ANN401 - TRL's own
    """Return the output of TRL's fused head for a packed row: log-probabilities and entropies, `(1, tokens - 1)`.

    Args:
        model: Causal model with TRL's fused head and packed attention.
        row: The row.
        labels: Its tokens, and `IGNORED` where no log-probability is wanted, `(1, tokens)`.
    """
    return model(
        input_ids=row.input_ids,
        position_ids=row.position_ids,
        packed_segments=row.segments,
        labels=labels,
        fused_lm_head=True,
        use_cache=False,
    )


def _groups(input_ids: torch.Tensor, mask: torch.Tensor, prompt_width: int) -> list[PackedGroup]:
    """Group neighbouring rows with the same prompt.

    The last token of the prompt is put in front of every completion, because it predicts the completion's first token.
    So all predictions of a completion are neighbours.
    """
    rows: list[tuple[tuple[int, ...], Sequence[int]]] = []
    for ids, is_token in zip(input_ids.tolist(), mask.tolist(), strict=True):
        prompt = tuple(i for i, used in zip(ids[:prompt_width], is_token[:prompt_width], strict=True) if used)
        completion = [i for i, used in zip(ids[prompt_width:], is_token[prompt_width:], strict=True) if used]
        rows.append((prompt, completion))
    return [
        PackedGroup(prompt[:-1], [(prompt[-1], *completion) for _, completion in members])
        for prompt, members in groupby(rows, key=lambda item: item[0])
    ]

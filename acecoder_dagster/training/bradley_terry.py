"""The Bradley-Terry loss over all pairs of a question, from one score per distinct program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from acecoder_dagster.training.device import autocast
from acecoder_dagster.training.packing import PackedScorer, pack
from acecoder_dagster.training.preference_groups import PreferenceGroup, by_tokens
from acecoder_dagster.training.settings import RewardModelSettings


@dataclass(frozen=True)
class ScoredForward:
    """What one forward pass contributes to a step.

    Attributes:
        loss: Its share of the loss; the shares of all forward passes of a step add up to the loss of the step.
        scores: One score per program.
        margins: By how much the chosen program of each pair beats the rejected one.
        tokens: Packed tokens.
    """

    loss: torch.Tensor
    scores: torch.Tensor
    margins: torch.Tensor
    tokens: int


def score_pairs(
    scorer: PackedScorer, step: Sequence[PreferenceGroup], settings: RewardModelSettings, device: torch.device
) -> Iterator[ScoredForward]:
    """Score the programs of a step in as few forward passes as ``tokens_per_forward`` allows.

    Args:
        scorer: The reward model.
        step: Groups whose pairs make up one loss.
        settings: Weighting, centring, precision and size of forward passes.
        device: Where the model is.

    Yields:
        One result per forward pass; take its gradient before asking for the next one to free its memory.
    """
    weights = iter(pair_weights(step, settings.weighting))
    for groups in by_tokens(step, settings.tokens_per_forward):
        if len(groups) == 1 and groups[0].packed.packed_tokens > settings.tokens_per_forward:
            yield from _score_in_pieces(scorer, groups[0], next(weights), settings, device)
            continue
        row = pack([group.packed for group in groups], device)
        with autocast(settings.precision, device):
            scores = scorer(row)
        group_weights = [next(weights) for _ in groups]
        loss, margins = bradley_terry(scores, groups, group_weights, settings)
        yield ScoredForward(loss, scores.detach(), margins, row.input_ids.numel())


def _score_in_pieces(
    scorer: PackedScorer,
    group: PreferenceGroup,
    weights: Sequence[float],
    settings: RewardModelSettings,
    device: torch.device,
) -> Iterator[ScoredForward]:
    """Score a question whose programs do not fit one forward pass; its pairs reach across the pieces.

    Gradient caching (Gao et al. 2021, section 3): all scores first, without a graph; the gradient of the loss by each
    score; then piece after piece once more, each of which passes the gradient of its scores on to the weights.
    """
    rows = [pack([piece], device) for piece in group.packed.pieces(settings.tokens_per_forward)]
    with torch.no_grad(), autocast(settings.precision, device):
        scores = torch.cat([scorer(row) for row in rows])
    training = torch.is_grad_enabled()
    with torch.enable_grad():
        scores.requires_grad_()
        loss, margins = bradley_terry(scores, [group], [weights], settings)
        gradients = torch.autograd.grad(loss, scores)[0]
    loss, scores = loss.detach(), scores.detach()
    if not training:
        yield ScoredForward(loss, scores, margins, sum(row.input_ids.numel() for row in rows))
        return
    sizes = [len(row.last_tokens) for row in rows]
    for index, (row, known, gradient) in enumerate(zip(rows, scores.split(sizes), gradients.split(sizes), strict=True)):
        with autocast(settings.precision, device):
            again = scorer(row)
        passed_on = (again * gradient).sum()
        share = passed_on - passed_on.detach() + loss / len(rows)
        yield ScoredForward(share, known, margins if index == 0 else margins[:0], row.input_ids.numel())


def pair_weights(step: Sequence[PreferenceGroup], weighting: str) -> list[list[float]]:
    """Weight of every pair in the loss of a step, per group; they sum to one over the step.

    Args:
        step: The groups of one optimiser step.
        weighting: ``pair`` or ``prompt``, see :class:`RewardModelSettings`.
    """
    totals = [sum(pair.weight for pair in group.pairs) for group in step]
    if weighting == "prompt":
        return [
            [pair.weight / total / len(step) for pair in group.pairs] for group, total in zip(step, totals, strict=True)
        ]
    return [[pair.weight / sum(totals) for pair in group.pairs] for group in step]


def bradley_terry(
    scores: torch.Tensor,
    groups: Sequence[PreferenceGroup],
    weights: Sequence[Sequence[float]],
    settings: RewardModelSettings,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weighted loss of all pairs of the groups.

    Args:
        scores: Scores of the groups' programs, in order.
        groups: The groups scored.
        weights: Weight of every pair, as of :func:`pair_weights`.
        settings: Margin and centring.

    Returns:
        The loss, and by how much each pair's chosen program beats the rejected one (detached).
    """
    chosen: list[int] = []
    rejected: list[int] = []
    offset = 0
    for group in groups:
        chosen += [offset + pair.chosen for pair in group.pairs]
        rejected += [offset + pair.rejected for pair in group.pairs]
        offset += len(group.packed.programs)
    weight = torch.tensor([w for group_weights in weights for w in group_weights], device=scores.device)
    chosen_scores, rejected_scores = scores[chosen], scores[rejected]
    margins = chosen_scores - rejected_scores
    wanted = torch.tensor([pair.margin for group in groups for pair in group.pairs], device=scores.device)
    losses = torch.nn.functional.softplus(settings.margin_coefficient * wanted - margins)
    if settings.centre_coefficient:
        losses = losses + settings.centre_coefficient * (chosen_scores + rejected_scores).square()
    return (weight * losses).sum(), margins.detach()

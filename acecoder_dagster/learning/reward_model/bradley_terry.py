"""The Bradley-Terry loss over all pairs of a question, from one score per distinct program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch

from acecoder_dagster.learning.reward_model.groups import PreferenceGroup, by_tokens
from acecoder_dagster.learning.reward_model.packing import PackedGroup, PackedRow, PackedScorer, pack
from acecoder_dagster.learning.training.device import autocast
from acecoder_dagster.learning.training.settings import RewardModelSettings
from acecoder_dagster.learning.training.team import Team


@dataclass(frozen=True)
class ScoredForward:
    """What one forward pass contributes to a step.

    Attributes:
        loss: Its share of the loss; the shares of all forward passes of a step add up to the loss of the step.
        scores: One score per program.
        margins: By how much the chosen program of each pair beats the rejected one.
        pairs: How many of these margins each question has.
        tokens: Packed tokens.
    """

    loss: torch.Tensor
    scores: torch.Tensor
    margins: torch.Tensor
    pairs: list[int]
    tokens: int


@dataclass(frozen=True)
class _Part:
    """Questions that are scored together: in one row or, one question that is too large for it, in several."""

    groups: list[PreferenceGroup]
    weights: list[list[float]]
    rows: list[list[PackedGroup]]

    @property
    def in_pieces(self) -> bool:
        return len(self.rows) > 1


def score_pairs(
    scorer: PackedScorer, step: Sequence[PreferenceGroup], settings: RewardModelSettings, team: Team
) -> Iterator[ScoredForward]:
    """Score the programs of a step in as few forward passes as `tokens_per_forward` allows.

    The pairs of a question that does not fit one forward pass reach across its pieces. Gradient caching (Gao et al.
    2021, section 3): all scores first, without a graph; the gradient of the loss by each score; then piece after
    piece once more, each of which passes the gradient of its scores on to the weights.

    Args:
        scorer: The reward model.
        step: Groups whose pairs make up one loss.
        settings: Weighting, centring, precision and size of forward passes.
        team: The processes that share the step. Each makes as many forward passes as the others, because they wait
            for each other in every layer: who has less to score fills up with passes that count for nothing.

    Yields:
        One result per forward pass of this process; take its gradient before asking for the next one to free its
        memory.
    """
    training = torch.is_grad_enabled()
    shares = _shares(_parts(step, settings), team.size)
    passes = [_passes(share, training=training) for share in shares]
    own, (first, second) = shares[team.rank], passes[team.rank]
    filler = [PackedGroup((), [step[0].packed.programs[0][:1]])]

    def score(row: PackedRow) -> torch.Tensor:
        with autocast(settings.precision, team.device):
            return scorer(row)

    with torch.no_grad():
        known = [
            torch.cat([score(pack(row, team.device)) for row in part.rows]) if part.in_pieces else None for part in own
        ]
        for _ in range(max(each for each, _ in passes) - first):
            score(pack(filler, team.device))
    for part, before in zip(own, known, strict=True):
        rows = [pack(row, team.device) for row in part.rows]
        if before is None:
            scores = score(rows[0])
            loss, margins = bradley_terry(scores, part.groups, part.weights, settings)
            yield ScoredForward(loss, scores.detach(), margins, _pairs(part), rows[0].input_ids.numel())
        else:
            yield from _score_in_pieces(score, part, rows, before, settings)
    for _ in range(max(each for _, each in passes) - second):
        nothing = score(pack(filler, team.device)) * 0
        yield ScoredForward(nothing.sum(), nothing[:0].detach(), nothing[:0].detach(), [], 0)


def _parts(step: Sequence[PreferenceGroup], settings: RewardModelSettings) -> list[_Part]:
    weights = iter(pair_weights(step, settings.weighting))
    parts = []
    for groups in by_tokens(step, settings.tokens_per_forward):
        rows = [[group.packed for group in groups]]
        if len(groups) == 1:
            rows = [[piece] for piece in groups[0].packed.pieces(settings.tokens_per_forward)]
        parts.append(_Part(groups, [next(weights) for _ in groups], rows))
    return parts


def _shares(parts: Sequence[_Part], size: int) -> list[list[_Part]]:
    """Who scores what: the largest first, to the process that has least."""
    shares: list[list[_Part]] = [[] for _ in range(size)]
    for part in sorted(parts, key=lambda part: -len(part.rows)):
        min(shares, key=lambda share: sum(len(each.rows) for each in share)).append(part)
    return shares


def _passes(share: Sequence[_Part], *, training: bool) -> tuple[int, int]:
    """Forward passes to know the scores of what is in pieces, and those that come after."""
    first = sum(len(part.rows) for part in share if part.in_pieces)
    return first, sum(len(part.rows) for part in share if training or not part.in_pieces)


def _pairs(part: _Part) -> list[int]:
    return [len(group.pairs) for group in part.groups]


def _score_in_pieces(
    score: Callable[[PackedRow], torch.Tensor],
    part: _Part,
    rows: Sequence[PackedRow],
    scores: torch.Tensor,
    settings: RewardModelSettings,
) -> Iterator[ScoredForward]:
    training = torch.is_grad_enabled()
    with torch.enable_grad():
        scores.requires_grad_()
        loss, margins = bradley_terry(scores, part.groups, part.weights, settings)
        gradients = torch.autograd.grad(loss, scores)[0]
    loss, scores = loss.detach(), scores.detach()
    if not training:
        yield ScoredForward(loss, scores, margins, _pairs(part), sum(row.input_ids.numel() for row in rows))
        return
    sizes = [len(row.last_tokens) for row in rows]
    for index, (row, known, gradient) in enumerate(zip(rows, scores.split(sizes), gradients.split(sizes), strict=True)):
        passed_on = (score(row) * gradient).sum()
        share = passed_on - passed_on.detach() + loss / len(rows)
        told, pairs = (margins, _pairs(part)) if index == 0 else (margins[:0], [])
        yield ScoredForward(share, known, told, pairs, row.input_ids.numel())


def pair_weights(step: Sequence[PreferenceGroup], weighting: str) -> list[list[float]]:
    """Weight of every pair in the loss of a step, per group; they sum to one over the step.

    Args:
        step: The groups of one optimiser step.
        weighting: `pair` or `prompt`, see `RewardModelSettings`.
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
        weights: Weight of every pair, as of `pair_weights`.
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

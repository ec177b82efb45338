"""The Bradley-Terry loss over all pairs of a question, from one score per distinct program."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch

from acecoder_dagster.learning.reward_model.groups import PreferenceGroup, by_tokens
from acecoder_dagster.learning.reward_model.packing import PackedGroup, PackedRow, PackedScorer, pack
from acecoder_dagster.learning.training.device import autocast
from acecoder_dagster.learning.training.settings import RewardModelSettings
from acecoder_dagster.learning.training.team import Team


@dataclass(frozen=True)
class ScoredForward:
    """What one forward pass adds to a step.

    Attributes:
        loss: Its part of the loss. The parts of all forward passes of a step add up to the loss of the step.
        scores: One score per program.
        margins: Score of the chosen program minus score of the rejected one, for each pair.
        pairs: How many of these pairs each question has.
        tokens: Number of packed tokens.
    """

    loss: torch.Tensor
    scores: torch.Tensor
    margins: torch.Tensor
    pairs: list[int]
    tokens: int


@dataclass(frozen=True)
class _Part:
    """Questions that are scored together in one row, or one question that needs several rows."""

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

    A question that is too large for one forward pass is cut into pieces, and its pairs join programs of different
    pieces. So its gradient is cached (Gao et al. 2021, section 3): first all scores are computed without a graph, then
    the gradient of the loss with respect to each score. Then each piece is forwarded again, and passes the gradient of
    its scores on to the weights.

    Args:
        scorer: The reward model.
        step: The groups of one optimiser step.
        settings: Weights, centring, precision and size of forward passes.
        team: The processes that share the step. All make the same number of forward passes, because they wait for each
            other in every layer. A process with less to score makes passes that add nothing.

    Yields:
        One result for each forward pass of this process. Compute its gradient before taking the next one, so that its
        memory is freed.
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
    weights = iter(pair_weights(step, settings.average_loss_over))
    parts = []
    for groups in by_tokens(step, settings.tokens_per_forward):
        rows = [[group.packed for group in groups]]
        if len(groups) == 1:
            rows = [[piece] for piece in groups[0].packed.pieces(settings.tokens_per_forward)]
        parts.append(_Part(groups, [next(weights) for _ in groups], rows))
    return parts


def _shares(parts: Sequence[_Part], size: int) -> list[list[_Part]]:
    """Divide the parts among processes: the largest first, always to the process that has least."""
    shares: list[list[_Part]] = [[] for _ in range(size)]
    for part in sorted(parts, key=lambda part: -len(part.rows)):
        min(shares, key=lambda share: sum(len(each.rows) for each in share)).append(part)
    return shares


def _passes(share: Sequence[_Part], *, training: bool) -> tuple[int, int]:
    """Return how many forward passes a process makes: first for the scores of pieces, then for everything."""
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
        # The first piece reports the pairs of all pieces.
        reported, pairs = (margins, _pairs(part)) if index == 0 else (margins[:0], [])
        yield ScoredForward(share, known, reported, pairs, row.input_ids.numel())


def pair_weights(step: Sequence[PreferenceGroup], average_over: Literal["pairs", "questions"]) -> list[list[float]]:
    """Return the weight of every pair in the loss of a step, group by group. The weights of a step sum to one.

    Args:
        step: The groups of one optimiser step.
        average_over: What every one counts the same of, see `RewardModelSettings.average_loss_over`.
    """
    totals = [sum(pair.weight for pair in group.pairs) for group in step]
    if average_over == "questions":
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
    """Return the weighted loss of all pairs of the groups.

    Args:
        scores: Scores of the groups' programs, in order.
        groups: The groups scored.
        weights: Weight of every pair, from `pair_weights`.
        settings: Margin and centring.

    Returns:
        The loss, and for each pair the score of the chosen program minus that of the rejected one (detached).
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

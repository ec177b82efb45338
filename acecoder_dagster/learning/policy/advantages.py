"""Advantages of REINFORCE++, and of its variant with a group baseline, as OpenRLHF computes them.

Source: Hu et al., REINFORCE++ (arXiv 2501.03262); OpenRLHF's estimators `reinforce` and `reinforce_baseline`. TRL has
neither: it always subtracts the mean of the group, and never whitens over tokens.
"""

from __future__ import annotations

import torch


def subtract_group_mean(rewards: torch.Tensor, group_size: int) -> torch.Tensor:
    """Return the rewards minus the mean reward of their group.

    Args:
        rewards: One per rollout, group after group; NaN where a rollout has no reward.
        group_size: Rollouts per group.
    """
    groups = rewards.view(-1, group_size)
    return (groups - groups.nanmean(1, keepdim=True)).flatten()


def token_returns(
    rewards: torch.Tensor, mask: torch.Tensor, kl: torch.Tensor | None, coefficient: float
) -> torch.Tensor:
    """Return the return of each token: the rollout's reward minus the KL of this token and all later ones.

    The reward is given at the last token and is not discounted, so the return of every token contains all of it.

    Args:
        rewards: One per rollout.
        mask: 1 where there is a token, `(rollouts, tokens)`.
        kl: Estimate per token, `log p(token) - log p_reference(token)` (k1); `None` for no KL.
        coefficient: Weight of the KL.
    """
    returns = rewards[:, None] * mask
    if kl is None:
        return returns
    later_kl = (kl * mask).flip(1).cumsum(1).flip(1)
    return returns - coefficient * later_kl * mask


def whiten(returns: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return the values shifted and scaled to mean 0 and variance 1 over all tokens of a step.

    Args:
        returns: One per token, `(rollouts, tokens)`.
        mask: 1 where a token counts.
    """
    count = mask.sum().clamp(min=1)
    mean = (returns * mask).sum() / count
    variance = ((returns - mean).square() * mask).sum() / count
    return (returns - mean) * variance.clamp(min=1e-8).rsqrt() * mask

"""Sampling completions with the current weights of a policy that is being trained."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence

import torch
from transformers import PreTrainedModel

from acecoder_dagster.learning.errors import PolicyError
from acecoder_dagster.learning.policy.generation import Sampling, sample_completions
from acecoder_dagster.learning.pretrained import untrained_causal_model
from acecoder_dagster.learning.training.device import pick_device, wants_bfloat16
from acecoder_dagster.learning.training.settings import PolicySettings


class PolicySampler:
    """A copy of the policy for sampling, in the precision of the training.

    Args:
        policy: The policy, whose architecture is copied; `load` copies its weights.
        end_tokens: Tokens that end a completion.
        settings: Lengths, temperature, precision and seed.

    Raises:
        PolicyError: The policy's attention is of a kind that is not sampled with here.
    """

    def __init__(self, policy: PreTrainedModel, end_tokens: Sequence[int], settings: PolicySettings) -> None:
        device = pick_device()
        dtype = torch.bfloat16 if wants_bfloat16(settings.precision, device) else torch.float32
        # Making a model writes its attention into the configuration that it is given.
        config = copy.deepcopy(policy.config)
        self._window: int | None = getattr(config, "sliding_window", None)
        if getattr(config, "attn_logit_softcapping", None) is not None:
            raise PolicyError(
                f"Policies of the architecture {config.model_type!r} cap the products of attention, which sampling "
                "while they are trained does not: start from a model of another architecture."
            )
        self._model = untrained_causal_model(config, dtype, "sdpa")
        self._model.to(device).eval()
        self._end_tokens = list(end_tokens)
        self._settings = settings

    def load(self, policy: torch.nn.Module) -> None:
        """Copy the current weights of the policy."""
        with torch.no_grad():
            for mine, weight in zip(self._model.parameters(), policy.parameters(), strict=True):
                mine.copy_(weight)

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        completions_per_prompt: int,
        stream: str,
        on_end: Callable[[int, list[int]], None],
    ) -> list[list[int]]:
        """Draw completions.

        Args:
            prompts: Token ids.
            completions_per_prompt: How many for each.
            stream: Name of the random numbers. The same weights and the same stream draw the same completions.
            on_end: Called as `on_end(place, completion)` when a completion has ended; place is its index in the result.
                It is not called for a completion that was cut at the greatest length.

        Returns:
            The completions of the first prompt, then of the second, and so on, as token ids.

        Raises:
            PolicyError: The policy sees only a window of texts as long as these.
        """
        longest = max(map(len, prompts)) + self._settings.max_completion_tokens
        if self._window is not None and self._window < longest:
            raise PolicyError(
                f"The policy sees {self._window} tokens back, but prompt and completion may have {longest}: sampling "
                "while it is trained knows no window, so lower max_completion_tokens or start from another model."
            )
        generator = torch.Generator(self._model.device)
        generator.manual_seed(random.Random(f"{self._settings.seed}:{stream}").getrandbits(63))
        sampling = Sampling(completions_per_prompt, self._settings.max_completion_tokens, self._settings.temperature)
        by_length = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        at_once = max(1, self._settings.rows_per_generation // completions_per_prompt)
        completions: dict[int, list[list[int]]] = {}
        for start in range(0, len(by_length), at_once):
            chosen = by_length[start : start + at_once]

            def on_row_end(row: int, completion: list[int], chosen: list[int] = chosen) -> None:
                on_end(
                    chosen[row // completions_per_prompt] * completions_per_prompt + row % completions_per_prompt,
                    completion,
                )

            drawn = sample_completions(
                self._model, [prompts[index] for index in chosen], self._end_tokens, sampling, generator, on_row_end
            )
            for place, index in enumerate(chosen):
                completions[index] = drawn[place * completions_per_prompt : (place + 1) * completions_per_prompt]
        return [completion for index in range(len(prompts)) for completion in completions[index]]

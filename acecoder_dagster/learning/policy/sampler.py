"""Sampling completions with the current weights of a policy that is being trained: on a CPU, or by vLLM."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from transformers import PreTrainedModel

from acecoder_dagster.learning.errors import PolicyError
from acecoder_dagster.learning.policy.generation import Sampling, sample_completions
from acecoder_dagster.learning.policy.weights import plain_weights
from acecoder_dagster.learning.pretrained import untrained_causal_model
from acecoder_dagster.learning.training.device import pick_device, wants_bfloat16
from acecoder_dagster.learning.training.settings import PolicySettings
from acecoder_dagster.learning.training.team import Team

if TYPE_CHECKING:
    from trl.generation.vllm_generation import VLLMGeneration

OnEnd = Callable[[int, list[int]], None]
"""Called as `on_end(place, completion)` when a completion has ended; place is its index in the result."""


class Sampler(Protocol):
    """What draws completions of the current policy. All processes of a team call it with the same prompts."""

    def load(self, policy: torch.nn.Module) -> None:
        """Take over the current weights of the policy."""

    def sample(
        self, prompts: Sequence[Sequence[int]], completions_per_prompt: int, stream: str, on_end: OnEnd
    ) -> list[list[int]]:
        """Draw completions: those of the first prompt, then of the second, and so on, as token ids."""


class VllmSampler:
    """vLLM, as TRL set it up for the training: in every process, or a server.

    Args:
        engine: TRL's generation with vLLM.
        team: The processes that share the prompts.
    """

    def __init__(self, engine: VLLMGeneration, team: Team) -> None:
        self._engine = engine
        self._team = team

    def load(self, policy: torch.nn.Module) -> None:
        """Send the current weights of the policy, which TRL's generation knows, to vLLM."""
        del policy
        self._engine.sync_weights()

    def sample(
        self, prompts: Sequence[Sequence[int]], completions_per_prompt: int, stream: str, on_end: OnEnd
    ) -> list[list[int]]:
        """Draw completions; vLLM has random numbers of its own, and tells of a completion when all have ended."""
        del stream, on_end
        # The processes of a tensor-parallel group, and those that share a server, ask for equally many.
        each = -(-len(prompts) // self._team.size)
        filled = [*prompts, *[prompts[0]] * (each * self._team.size - len(prompts))]
        own = filled[self._team.rank * each : (self._team.rank + 1) * each]
        asked = [list(prompt) for prompt in own for _ in range(completions_per_prompt)]
        _, drawn, _, _ = self._engine.generate(prompts=asked, images=None, num_generations=completions_per_prompt)
        every = [list(completion) for part in self._team.gather(drawn) for completion in part]
        return every[: len(prompts) * completions_per_prompt]


class PolicySampler:
    """A copy of the policy for sampling, in the precision of the training.

    Args:
        policy: The policy, whose architecture is copied; `load` copies its weights.
        end_tokens: Tokens that end a completion.
        settings: Lengths, temperature, precision and seed.
        team: The processes that share the prompts.

    Raises:
        PolicyError: The policy's attention is of a kind that is not sampled with here.
    """

    def __init__(
        self, policy: PreTrainedModel, end_tokens: Sequence[int], settings: PolicySettings, team: Team | None = None
    ) -> None:
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
        self._team = team or Team()

    def load(self, policy: torch.nn.Module) -> None:
        """Copy the current weights of the policy."""
        mine = dict(self._model.named_parameters())
        with torch.no_grad():
            for name, weight in plain_weights(policy):
                mine[name].copy_(weight)

    def sample(
        self,
        prompts: Sequence[Sequence[int]],
        completions_per_prompt: int,
        stream: str,
        on_end: OnEnd,
    ) -> list[list[int]]:
        """Draw completions.

        Args:
            prompts: Token ids.
            completions_per_prompt: How many for each.
            stream: Name of the random numbers. The same weights and the same stream draw the same completions.
            on_end: Called for completions of this process. It is not called for one that was cut at the greatest
                length.

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
        own: dict[int, list[list[int]]] = {}
        for start in range(0, len(by_length), at_once):
            chosen = self._own(by_length[start : start + at_once])

            def on_row_end(row: int, completion: list[int], chosen: Sequence[int] = chosen) -> None:
                on_end(
                    chosen[row // completions_per_prompt] * completions_per_prompt + row % completions_per_prompt,
                    completion,
                )

            drawn = sample_completions(
                self._model,
                [prompts[index] for index in chosen],
                self._end_tokens,
                sampling,
                generator,
                on_row_end,
                self._team,
            )
            for place, index in enumerate(chosen):
                own[index] = drawn[place * completions_per_prompt : (place + 1) * completions_per_prompt]
        completions = {index: drawn for part in self._team.gather(own) for index, drawn in part.items()}
        return [completion for index in range(len(prompts)) for completion in completions[index]]

    def _own(self, prompts: Sequence[int]) -> Sequence[int]:
        """Return this process's part of prompts that are sampled at once: neighbours, about as many in each process."""
        start, stop = (len(prompts) * place // self._team.size for place in (self._team.rank, self._team.rank + 1))
        return prompts[start:stop]

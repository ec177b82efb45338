"""Sampling on a CPU: many short completions of few prompts, with a model of transformers.

transformers' `generate` reads a prompt once for every completion, goes on computing completions that have ended, and
copies its cache for every token. For a small model on a CPU that is most of the time of a training step. Here every
prompt is read once, completions that have ended are dropped, and the cache is allocated once. On a GPU, TRL generates
with vLLM instead.

Several processes can share the prompts. They draw from one stream of random numbers, so that the completions are those
of one process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, CacheLayerMixin

from acecoder_dagster.learning.training.team import Team

_DROP_ENDED_BELOW = 0.8
"""Rows that have ended are dropped once fewer than this share are running, because dropping copies the cache."""


@dataclass(frozen=True)
class Sampling:
    """How completions are drawn.

    Attributes:
        completions_per_prompt: How many for each prompt.
        max_tokens: Longest completion, the end token included.
        temperature: Sampling temperature; 0 takes the most likely token.
    """

    completions_per_prompt: int
    max_tokens: int
    temperature: float


def sample_completions(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    end_tokens: Sequence[int],
    sampling: Sampling,
    generator: torch.Generator,
    on_end: Callable[[int, list[int]], None] = lambda row, completion: None,
    team: Team | None = None,
) -> list[list[int]]:
    """Draw completions.

    Args:
        model: A causal language model; it stays on its device and in its mode.
        prompts: Token ids of the prompts; none is empty. In a team, those of this process.
        end_tokens: Tokens that end a completion.
        sampling: How many completions, and how they are drawn.
        generator: Source of randomness, on the model's device; in a team, the same in every process.
        on_end: Called as `on_end(place, completion)` when a completion has ended; place is its index in the result.
        team: The processes that share the prompts: those of the first one come first. It may have none.

    Returns:
        The completions of the first prompt, then of the second, and so on. A completion ends with an end token, unless
        it was cut at `max_tokens`.
    """
    with torch.inference_mode():
        decoder = _Decoder(model, prompts, sampling, team or Team())
        return decoder.run(torch.tensor(end_tokens, device=model.device), generator, on_end)


def rehearse_sampling(model: PreTrainedModel, prompts: Sequence[Sequence[int]], sampling: Sampling) -> None:
    """Read the prompts and draw the last token of completions of the greatest length, when their cache is full.

    That needs as much memory as sampling ever does; no completion comes of it.
    """
    with torch.no_grad():
        _Decoder(model, prompts, sampling, Team()).draw_last()


class _Decoder:
    """The completions that are still being written (rows), and their cache.

    Prompts are padded on the left, so that all rows write their next token to the same place in the cache.
    """

    def __init__(
        self, model: PreTrainedModel, prompts: Sequence[Sequence[int]], sampling: Sampling, team: Team
    ) -> None:
        self._model = model
        self._sampling = sampling
        self._team = team
        device = model.device
        self._first = torch.empty(0, 1, dtype=torch.long, device=device)
        self._logits = torch.empty(0, model.get_output_embeddings().weight.shape[0], device=device)
        if prompts:
            self._read(prompts, device)

    def _read(self, prompts: Sequence[Sequence[int]], device: torch.device) -> None:
        longest = max(len(prompt) for prompt in prompts)
        capacity = longest + self._sampling.max_tokens
        padding = [longest - len(prompt) for prompt in prompts]
        ids = torch.tensor([[prompt[0]] * pad + list(prompt) for prompt, pad in zip(prompts, padding, strict=True)])
        first = torch.tensor(padding, device=device)[:, None]
        places = torch.arange(capacity, device=device)
        is_token = places >= first
        # A padding token sees itself, so that its softmax is defined. Its output is not used.
        visible = (places <= places[:longest, None]) & is_token[:, None] | torch.eye(
            longest, capacity, dtype=torch.bool, device=device
        )
        layers = [_PreallocatedLayer(capacity) for _ in range(self._model.config.num_hidden_layers)]
        self._cache = Cache(layers=layers)
        logits = self._forward(ids.to(device), (places[:longest] - first).clamp(min=0), visible[:, None, :, :longest])
        copies = self._sampling.completions_per_prompt
        for layer in layers:
            layer.repeat_rows(copies)
        self._layers = layers
        self._logits = logits.repeat_interleave(copies, 0)
        self._is_token = is_token.repeat_interleave(copies, 0)
        self._first = first.repeat_interleave(copies, 0)
        self._length = longest

    def run(
        self, end_tokens: torch.Tensor, generator: torch.Generator, on_end: Callable[[int, list[int]], None]
    ) -> list[list[int]]:
        rows = torch.arange(len(self._first), device=end_tokens.device)
        completions: list[list[int]] = [[] for _ in rows]
        running = torch.ones(len(rows), dtype=torch.bool, device=end_tokens.device)
        counts = self._team.gather(len(rows))
        for drawn in range(1, self._sampling.max_tokens + 1):
            place = slice(sum(counts[: self._team.rank]), sum(counts[: self._team.rank + 1]))
            tokens = _draw(self._logits, self._sampling.temperature, generator, place, sum(counts))
            for row, token, alive in zip(rows.tolist(), tokens.tolist(), running.tolist(), strict=True):
                if alive:
                    completions[row].append(token)
            ended = running & torch.isin(tokens, end_tokens)
            for row in rows[ended].tolist():
                on_end(row, completions[row])
            running &= ~ended
            alive_rows = running.nonzero()[:, 0]
            alive_counts = self._team.gather(len(alive_rows))
            if sum(alive_counts) == 0 or drawn == self._sampling.max_tokens:
                break
            if sum(alive_counts) < _DROP_ENDED_BELOW * sum(counts):
                if len(rows):
                    self._keep(alive_rows)
                rows, tokens, running, counts = rows[alive_rows], tokens[alive_rows], running[alive_rows], alive_counts
            if len(rows):
                self._advance(tokens)
        return completions

    def draw_last(self) -> None:
        self._length += self._sampling.max_tokens - 1
        for layer in self._layers:
            layer.skip_to(self._length)
        rows = len(self._first)
        tokens = _draw(self._logits, self._sampling.temperature, None, slice(rows), rows)
        self._advance(tokens)
        _draw(self._logits, self._sampling.temperature, None, slice(rows), rows)

    def _advance(self, tokens: torch.Tensor) -> None:
        visible = self._is_token[:, None, None, : self._length + 1]
        self._logits = self._forward(tokens[:, None], self._length - self._first, visible)
        self._length += 1

    def _keep(self, rows: torch.Tensor) -> None:
        for layer in self._layers:
            layer.keep_rows(rows)
        self._is_token, self._first, self._logits = self._is_token[rows], self._first[rows], self._logits[rows]

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
        output = self._model(
            input_ids=ids,
            position_ids=positions,
            attention_mask=visible,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        return output.logits[:, -1].float()


def _draw(
    logits: torch.Tensor, temperature: float, generator: torch.Generator | None, place: slice, all_rows: int
) -> torch.Tensor:
    """Draw a token for every row; the rows are in this place among those of all processes."""
    if temperature == 0:
        return logits.argmax(-1)
    # The place of the largest logit plus Gumbel noise is distributed as the softmax, which need not be computed.
    noise = logits.new_empty(all_rows, logits.shape[1]).exponential_(generator=generator)[place].log_()
    return (logits / temperature - noise).argmax(-1)


class _PreallocatedLayer(CacheLayerMixin):  # type: ignore[misc]  # transformers is not followed by mypy
    """Keys and values of one layer, in buffers with room for all tokens."""

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity
        self._length = 0

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        rows, heads, _, size = key_states.shape
        self.keys = key_states.new_empty(rows, heads, self._capacity, size)
        self.values = value_states.new_empty(rows, heads, self._capacity, size)
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        stop = self._length + key_states.shape[2]
        self.keys[:, :, self._length : stop] = key_states
        self.values[:, :, self._length : stop] = value_states
        self._length = stop
        return self.keys[:, :, :stop], self.values[:, :, :stop]

    def repeat_rows(self, copies: int) -> None:
        self.keys = self.keys.repeat_interleave(copies, 0)
        self.values = self.values.repeat_interleave(copies, 0)

    def keep_rows(self, rows: torch.Tensor) -> None:
        self.keys, self.values = self.keys.index_select(0, rows), self.values.index_select(0, rows)

    def skip_to(self, length: int) -> None:
        self._length = length

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._length + query_length, 0

    def get_seq_length(self) -> int:
        return self._length

    def get_max_length(self) -> int:
        return self._capacity

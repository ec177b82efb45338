"""Models that several processes divide among themselves before any of them but the first has their weights."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import Qwen2Config

from acecoder_dagster.learning.attention import PACKED_ATTENTION
from acecoder_dagster.learning.pretrained import empty_causal_model, load_causal_model
from acecoder_dagster.learning.reward_model.training import load_scorer
from acecoder_dagster.learning.training.run_state import full_weights
from acecoder_dagster.learning.training.team import Team, start_team
from tests.tiny_model import SIZES, save_model, tokenizer

PROCESSES = 2
ROWS = 260
"""Tokens that the model knows; the tokenizer has a few more."""


@pytest.fixture(scope="module")
def deep_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model in bfloat16, whose largest weight is a small part of it; its tokenizer has no padding token."""
    words = tokenizer()
    words.pad_token = None
    sizes = {"hidden_size": 64, "num_hidden_layers": 12, "vocab_size": ROWS, "dtype": "bfloat16"}
    return save_model(tmp_path_factory.mktemp("deep_model"), Qwen2Config(**SIZES | sizes), words)


def allocated_peak(run: Callable[[], None]) -> int:
    """Return the most bytes that torch's allocator had given away at the same time while something ran."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    alive = peak = 0
    events = [each for each in profiler.profiler.kineto_results.events() if each.name() == "[memory]"]
    for event in sorted(events, key=lambda each: each.start_ns()):
        alive += event.nbytes()
        peak = max(peak, alive)
    return peak


def load_divided(team: Team, model: Path) -> tuple[list[int], dict[str, torch.Tensor]]:
    """Return how much memory each process took, and, in the first one, the weights that all of them have."""
    loaded = []
    load_scorer(str(model), team)
    peak = allocated_peak(lambda: loaded.append(load_scorer(str(model), team)[0]))
    return team.gather(peak), full_weights(loaded[0])


def test_no_process_but_the_first_ever_has_a_model_whole(deep_model: Path) -> None:
    torch.manual_seed(0)
    with start_team(PROCESSES, load_divided, deep_model) as team:
        (_, other), weights = load_divided(team, deep_model)
    expected = load_scorer(str(deep_model))[0].state_dict()
    whole = sum(weight.nbytes for weight in expected.values())

    assert whole / PROCESSES < other < 0.75 * whole
    assert weights.keys() == expected.keys()
    assert all(weight.dtype == torch.float32 for weight in (*weights.values(), *expected.values()))
    for name, weight in expected.items():
        if name == "model.model.embed_tokens.weight":
            # The rows of tokens that the model does not know, as that of padding, are drawn.
            assert weights[name].shape == weight.shape
            assert torch.equal(weights[name][:ROWS], weight[:ROWS])
        elif name != "model.score.weight":
            assert torch.equal(weights[name], weight), name


def test_a_model_without_contents_is_the_loaded_one_in_everything_else(tiny_model: Path) -> None:
    empty = empty_causal_model(tiny_model, PACKED_ATTENTION)
    loaded = load_causal_model(tiny_model, PACKED_ATTENTION)

    assert all(weight.is_meta for weight in empty.parameters())
    shapes = [[(name, weight.shape) for name, weight in model.named_parameters()] for model in (empty, loaded)]
    assert shapes[0] == shapes[1]
    assert empty.get_input_embeddings().weight is empty.get_output_embeddings().weight
    buffers = dict(empty.named_buffers())
    assert buffers
    assert all(torch.equal(buffers[name], buffer) for name, buffer in loaded.named_buffers())
    assert empty.config.to_dict() == loaded.config.to_dict()
    assert empty.config._name_or_path == loaded.config._name_or_path == str(tiny_model)

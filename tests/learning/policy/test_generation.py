from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, Gemma2Config, MistralConfig, PreTrainedConfig

from acecoder_dagster.learning.errors import PolicyError
from acecoder_dagster.learning.policy.generation import Sampling, sample_completions
from acecoder_dagster.learning.policy.sampler import PolicySampler
from acecoder_dagster.learning.training.settings import PolicySettings
from tests.tiny_model import SIZES

PROMPTS = ["# add 1\n", "# v\n", "# a much longer prompt than the others\n", "x"]


@pytest.fixture(scope="module")
def model(tiny_model: Path):
    return AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def prompts(tiny_model: Path) -> list[list[int]]:
    return AutoTokenizer.from_pretrained(tiny_model)(PROMPTS)["input_ids"]


@pytest.mark.parametrize("end_token", [1, 77, 200])
def test_greedy_completions_are_those_of_transformers(model, prompts, end_token: int) -> None:
    ours = sample_completions(model, prompts, [end_token], Sampling(1, 24, 0.0), torch.Generator())
    for prompt, completion in zip(prompts, ours, strict=True):
        with torch.no_grad():
            theirs = model.generate(
                torch.tensor([prompt]), max_new_tokens=24, do_sample=False, eos_token_id=end_token, pad_token_id=0
            )
        assert completion == theirs[0, len(prompt) :].tolist()


def test_completions_are_drawn_from_the_softmax_at_the_given_temperature(model, prompts) -> None:
    draws = 4000
    generator = torch.Generator().manual_seed(1)
    drawn = sample_completions(model, prompts[:2], [], Sampling(draws, 2, 2.0), generator)
    for index, prompt in enumerate(prompts[:2]):
        with torch.no_grad():
            expected = torch.softmax(model(torch.tensor([prompt])).logits[0, -1] / 2.0, -1)
        first = torch.tensor([completion[0] for completion in drawn[index * draws : (index + 1) * draws]])
        counted = torch.bincount(first, minlength=len(expected)) / draws
        assert (counted - expected).abs().max() < 5 * (0.25 / draws) ** 0.5


def test_completions_end_at_the_first_end_token_or_at_the_limit(model, prompts) -> None:
    end_tokens = list(range(0, 300, 7))
    drawn = sample_completions(model, prompts, end_tokens, Sampling(16, 12, 1.5), torch.Generator().manual_seed(2))
    assert len(drawn) == 64
    assert {len(completion) for completion in drawn} > {1, 12}
    for completion in drawn:
        assert not set(completion[:-1]) & set(end_tokens)
        assert completion[-1] in end_tokens or len(completion) == 12


def test_a_policy_whose_attention_is_not_sampled_with_is_refused_with_the_reason() -> None:
    def sampler(config: PreTrainedConfig) -> PolicySampler:
        policy = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
        return PolicySampler(policy, [1], PolicySettings(max_completion_tokens=8, precision="float32"))

    with pytest.raises(PolicyError, match=r"'gemma2' cap the products of attention"):
        sampler(Gemma2Config(**SIZES, head_dim=8))
    windowed = sampler(MistralConfig(**SIZES, sliding_window=12))
    assert len(windowed.sample([[5, 6, 7]], 1, "short", lambda *_: None)) == 1
    with pytest.raises(PolicyError, match=r"sees 12 tokens back, but prompt and completion may have 13"):
        windowed.sample([[5] * 5], 1, "long", lambda *_: None)

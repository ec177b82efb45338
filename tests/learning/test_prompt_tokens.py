"""The start token stands once in front of every prompt, whoever reads it: sampling, reinforcement, reward models."""

from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.learning.policy.rewards import Judgement
from acecoder_dagster.learning.policy.sampler import PolicySampler
from acecoder_dagster.learning.policy.training import train_policy
from acecoder_dagster.learning.pretrained import load_tokenizer
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.reward_model import scoring
from acecoder_dagster.learning.reward_model.scoring import RewardScorer
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.training.settings import PolicySettings, ScoringSettings
from tests.tiny_model import tokenizer

START = 2
QUESTION = pl.DataFrame({"question_id": ["q"], "question": ["add one"], "entry_point": ["f"]})


@pytest.fixture(params=["evalplus", "plain"])
def prompt(request, tiny_llama: Path) -> str:
    """A prompt for the Llama: a chat, whose template writes the start token, or plain text, which has none."""
    (rendered,) = render_prompts(request.param, QUESTION, str(tiny_llama))["prompt"]
    assert rendered.startswith("<bos>") == (request.param == "evalplus")
    return rendered


def test_a_prompt_has_one_start_token_whether_or_not_its_text_has_it(tiny_llama: Path, prompt: str) -> None:
    (ids,) = encode_prompts(load_tokenizer(tiny_llama), [prompt])
    assert ids[0] == START
    assert ids.count(START) == 1


def test_a_tokenizer_without_start_token_writes_none_and_one_with_end_token_leaves_prompts_open(tmp_path) -> None:
    from tokenizers import processors

    assert encode_prompts(tokenizer(), ["def", ""]) == [tokenizer()("def")["input_ids"], []]
    closing = tokenizer(begins_texts=True)
    closing.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", pair="<bos> $A $B <eos>", special_tokens=[("<bos>", START), ("<eos>", 1)]
    )
    assert closing("def")["input_ids"][-1] == 1
    assert encode_prompts(closing, ["def"]) == [tokenizer(begins_texts=True)("def")["input_ids"]]


def test_reinforcement_and_validation_read_one_start_token(
    tiny_llama: Path, prompt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[int]] = []
    drawn = PolicySampler.sample

    def sample(self, prompts, *arguments):
        read.extend(prompts)
        return drawn(self, prompts, *arguments)

    monkeypatch.setattr(PolicySampler, "sample", sample)
    splits = ["train"] * 2 + ["validation"]
    rows = [{"question_id": f"q{n}", "split": split, "prompt": prompt} for n, split in enumerate(splits)]
    pl.DataFrame(rows).write_parquet(tmp_path / "questions.parquet")
    train_policy(
        str(tiny_llama),
        tmp_path / "questions.parquet",
        "rule",
        judge_programs=lambda asked: ((each, Judgement(len(each[1]) % 2, None, (), ())) for each in asked),
        extract_program=str,
        reward_model=None,
        output=tmp_path / "policy",
        settings=PolicySettings(
            steps=1,
            prompts_per_step=1,
            draw_factor=1,
            completions_per_prompt=2,
            max_completion_tokens=4,
            precision="float32",
            threads=1,
        ),
        progress=lambda *_: None,
    )
    (expected,) = encode_prompts(load_tokenizer(tiny_llama), [prompt])
    # Of the validation before the step, of the step, and of the validation after it.
    assert read == [expected] * 3


def test_a_reward_model_reads_one_start_token(tiny_llama: Path, prompt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = []
    pack = scoring.pack
    monkeypatch.setattr(scoring, "pack", lambda groups, device: packed.extend(groups) or pack(groups, device))
    RewardScorer(tiny_llama, ScoringSettings(precision="float32")).score([(prompt, "def f(): pass")])
    (group,) = packed
    assert group.prompt[0] == START
    assert [*group.prompt, *group.programs[0]].count(START) == 1

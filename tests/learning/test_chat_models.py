"""Prompts, ends and padding of well-known families of chat models, by tokenizers that are like theirs."""

from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, LlamaConfig

from acecoder_dagster.learning.pretrained import load_classifier, load_tokenizer
from acecoder_dagster.learning.prompt_tokens import encode_prompts
from acecoder_dagster.learning.reward_model.scoring import RewardScorer
from acecoder_dagster.learning.reward_model.template import encode_programs, prepare_tokenizer
from acecoder_dagster.learning.sampling import render_prompts
from acecoder_dagster.learning.training.settings import ScoringSettings
from tests.chat_tokenizers import FAMILIES, chat_tokenizer
from tests.tiny_model import SIZES, save_model

QUESTION = pl.DataFrame({"question_id": ["q"], "question": ["add one to v"], "entry_point": ["f"]})
PROGRAMS = ["def f(v):\n    return v + 1\n", "def f(v):\n    return v\n"]


@pytest.fixture(scope="module", params=FAMILIES)
def model(request, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random model whose tokenizer is like those of a family, and which is named after it."""
    words = chat_tokenizer(request.param)
    sizes = {"vocab_size": len(words), "eos_token_id": words.eos_token_id, "pad_token_id": words.pad_token_id}
    config = LlamaConfig(**SIZES | sizes | {"max_position_embeddings": 1024})
    return save_model(tmp_path_factory.mktemp("models") / request.param, config, words)


@pytest.fixture(scope="module")
def prompt(model: Path) -> str:
    """The chat about a question, as the model's template renders it."""
    (rendered,) = render_prompts("evalplus", QUESTION, str(model))["prompt"]
    return rendered


def test_a_chat_prompt_begins_as_the_family_begins_and_leaves_the_answer_open(model: Path, prompt: str) -> None:
    family, words = FAMILIES[model.name], load_tokenizer(model)
    (ids,) = encode_prompts(words, [prompt])
    assert words.decode(ids).endswith("passes corresponding tests:\n```python\n")
    assert words.decode(ids).count("add one to v") == 1
    if family.start:
        start = words.convert_tokens_to_ids(family.start)
        assert ids[0] == start
        assert ids.count(start) == 1
    else:
        assert words.decode(ids) == prompt
    turns = [words.convert_tokens_to_ids(token) for token in family.others if token in prompt]
    assert all(turn in ids for turn in turns)


def test_a_scored_program_ends_with_the_end_of_an_answer(model: Path) -> None:
    words = load_tokenizer(model)
    for ids, program in zip(encode_programs(words, PROGRAMS), PROGRAMS, strict=True):
        assert words.decode(ids) == program + FAMILIES[model.name].end


def test_padding_of_a_reward_model_is_not_the_end_at_which_its_score_is_read(
    model: Path, prompt: str, tmp_path: Path
) -> None:
    words, classifier = load_tokenizer(model), load_classifier(model)
    prepare_tokenizer(words, classifier)
    assert words.pad_token_id != words.eos_token_id
    assert words.pad_token_id < classifier.get_input_embeddings().num_embeddings
    classifier.save_pretrained(tmp_path / "saved")
    words.save_pretrained(tmp_path / "saved")

    # transformers' own forward pass over a padded batch, which finds the last token by the padding.
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path / "saved").eval()
    readers = AutoTokenizer.from_pretrained(tmp_path / "saved")
    texts = [encode_prompts(readers, [prompt])[0] + program for program in encode_programs(readers, PROGRAMS)]
    batch = readers.pad({"input_ids": texts}, return_tensors="pt", padding_side="right")
    with torch.no_grad():
        expected = loaded(**batch).logits[:, 0].tolist()
    scored = RewardScorer(tmp_path / "saved", ScoringSettings(precision="float32")).score(
        [(prompt, program) for program in PROGRAMS]
    )
    assert scored == pytest.approx(expected, abs=1e-5)

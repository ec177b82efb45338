"""Classifiers of every kept architecture score programs as transformers' own forward pass over each text alone."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, Gemma2Config, LlamaConfig, MistralConfig, Qwen2Config

from acecoder_dagster.learning.pretrained import load_tokenizer
from acecoder_dagster.learning.reward_model.scoring import RewardScorer
from acecoder_dagster.learning.training.settings import ScoringSettings
from tests.tiny_model import SIZES, tokenizer

WINDOW = 12
MODELS = {
    "Llama": LlamaConfig(**SIZES),
    "Qwen2": Qwen2Config(**SIZES),
    "Qwen2 with windows": Qwen2Config(**SIZES, use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1),
    "Mistral": MistralConfig(**SIZES, sliding_window=WINDOW),
    # Caps so low that every product is near them.
    "Gemma-2": Gemma2Config(**SIZES, head_dim=8, sliding_window=WINDOW, attn_logit_softcapping=0.5),
    "Gemma-2 with a window that no text reaches": Gemma2Config(**SIZES, head_dim=8, attn_logit_softcapping=0.5),
}
PROGRAMS = [
    ("# add\n", "def f(v): return v + 1"),
    ("# add\n", "f = 1"),
    ("# take one from v\n", "def f(v): return v - 1"),
]


@pytest.mark.parametrize("name", MODELS)
def test_packed_scores_are_those_of_transformers(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = MODELS[name]
    config.num_labels = 1
    model = AutoModelForSequenceClassification.from_config(
        config, trust_remote_code=False, attn_implementation="eager"
    ).eval()
    model.save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    words = load_tokenizer(tmp_path)
    expected = []
    for prompt, program in PROGRAMS:
        ids = [*words(prompt)["input_ids"], *words(program)["input_ids"], words.eos_token_id]
        with torch.no_grad():
            expected.append(float(model(input_ids=torch.tensor([ids])).logits[0, 0]))
    assert RewardScorer(tmp_path, ScoringSettings(precision="float32")).score(PROGRAMS) == pytest.approx(
        expected, abs=1e-5
    )

"""A checkpoint of the published AceCodeRM's shape becomes one that loads everywhere, its order of programs kept."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from acecoder_dagster.learning.errors import RewardModelError
from acecoder_dagster.learning.reward_model.conversion import convert_value_head
from acecoder_dagster.learning.reward_model.scoring import RewardScorer
from acecoder_dagster.learning.training.settings import ScoringSettings

TEXTS = ["def f(v):\n    return v + 1\n", "def f(v):\n    return v\n", "def"]
BIAS = 1.5


@pytest.fixture
def published(tiny_model: Path, tmp_path: Path) -> Path:
    """A causal model with the head `v_head.summary` and the architecture that the published config names."""
    folder = tmp_path / "published"
    AutoModelForCausalLM.from_pretrained(tiny_model).save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    torch.manual_seed(1)
    tensors |= {"v_head.summary.weight": torch.randn(1, 32), "v_head.summary.bias": torch.tensor([BIAS])}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["Qwen2ForCausalRM"]}))
    return folder


def original_scores(folder: Path) -> list[float]:
    """As the published code computes them: the head, with its bias, at the last token."""
    tensors = load_file(folder / "model.safetensors")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    scores = []
    for text in TEXTS:
        ids = torch.tensor([[*tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
        with torch.no_grad():
            state = model.model(input_ids=ids).last_hidden_state[0, -1]
        scores.append(float(tensors["v_head.summary.weight"][0] @ state + tensors["v_head.summary.bias"][0]))
    return scores


def test_scores_are_the_originals_minus_the_bias(published: Path, tmp_path: Path) -> None:
    assert convert_value_head(published, tmp_path / "rm") == BIAS

    wanted = [score - BIAS for score in original_scores(published)]
    scorer = RewardScorer(tmp_path / "rm", ScoringSettings(precision="float32"))
    assert scorer.score([("", text) for text in TEXTS]) == pytest.approx(wanted, abs=1e-5)
    standard, loading = AutoModelForSequenceClassification.from_pretrained(tmp_path / "rm", output_loading_info=True)
    assert standard.config.num_labels == 1
    assert not loading["missing_keys"]


def test_trl_takes_it_as_a_reward(published: Path, tiny_model: Path, tmp_path: Path) -> None:
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    convert_value_head(published, tmp_path / "rm")
    arguments = GRPOConfig(
        output_dir=str(tmp_path / "grpo"),
        per_device_train_batch_size=2,
        num_generations=2,
        use_cpu=True,
        bf16=False,
        report_to="none",
    )
    trainer = GRPOTrainer(
        str(tiny_model), str(tmp_path / "rm"), arguments, train_dataset=Dataset.from_list([{"prompt": "def"}] * 2)
    )
    end = AutoTokenizer.from_pretrained(tmp_path / "rm").eos_token
    rows = [{"prompt": "", "completion": text + end} for text in TEXTS]
    rewards = trainer._calculate_rewards(rows, [row["prompt"] for row in rows], [row["completion"] for row in rows], [])
    assert rewards[:, 0].tolist() == pytest.approx([score - BIAS for score in original_scores(published)], abs=1e-5)


def test_what_is_no_such_checkpoint_is_named(published: Path, tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RewardModelError, match=r"no v_head\.summary\.weight and no v_head\.summary\.bias"):
        convert_value_head(tiny_model, tmp_path / "rm")
    with pytest.raises(RewardModelError, match="no safetensors files in"):
        convert_value_head(tmp_path / "nowhere", tmp_path / "rm")
    tensors = load_file(published / "model.safetensors") | {"v_head.summary.weight": torch.ones(1, 7)}
    save_file(tensors, published / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RewardModelError, match=r"shape \(1, 7\)"):
        convert_value_head(published, tmp_path / "rm")
    (published / "model.safetensors").write_bytes(b"half")
    with pytest.raises(RewardModelError, match=r"model\.safetensors is damaged"):
        convert_value_head(published, tmp_path / "rm")
    assert not (tmp_path / "rm").exists()

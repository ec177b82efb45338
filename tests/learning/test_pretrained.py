"""Models and tokenizers are loaded in one place: quietly, without code of their own, and with errors that help."""

import json
import logging
import shutil
from pathlib import Path

import polars as pl
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.pretrained import load_causal_model, load_classifier, load_config, load_tokenizer
from acecoder_dagster.learning.sampling import render_prompts
from tests.tiny_model import SIZES, save_model, tokenizer


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "model"))


def test_a_score_head_on_a_causal_model_is_no_news(
    tiny_model: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING, "transformers"):
        classifier = load_classifier(tiny_model)
    assert classifier.config.num_labels == 1
    assert "score.weight" not in caplog.text + "".join(capfd.readouterr())


def test_a_model_that_lacks_other_weights_than_the_score_head_is_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["model.layers.1.mlp.down_proj.weight"]
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelLoadError, match=r"lack 1 weights, the first is model\.layers\.1\.mlp\.down_proj"):
        load_classifier(copy)


@pytest.mark.parametrize("load", [load_tokenizer, load_config, load_causal_model, load_classifier])
def test_code_that_comes_with_a_model_is_never_run(load, copy: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    (copy / "own.py").write_text(f"open({str(ran)!r}, 'w')\n")
    config = json.loads((copy / "config.json").read_text())
    classes = {
        "AutoConfig": "own.Config",
        "AutoTokenizer": ["own.Tokenizer", None],
        "AutoModelForCausalLM": "own.Model",
        "AutoModelForSequenceClassification": "own.Model",
    }
    (copy / "config.json").write_text(json.dumps(config | {"auto_map": classes, "model_type": "own"}))
    tokenizer = json.loads((copy / "tokenizer_config.json").read_text())
    own_tokenizer = {"auto_map": classes, "tokenizer_class": "OwnTokenizer"}
    (copy / "tokenizer_config.json").write_text(json.dumps(tokenizer | own_tokenizer))
    with pytest.raises(
        ModelLoadError, match=r"architecture 'own'.*code that comes with a model is never run"
    ) as refused:
        load(copy)
    assert "trust_remote_code" not in str(refused.value)
    assert not ran.exists()


@pytest.mark.parametrize("load", [load_tokenizer, load_config, load_causal_model, load_classifier])
def test_a_model_that_does_not_exist_is_named(load) -> None:
    with pytest.raises(ModelLoadError, match=r"Cannot load a \w+ from 'no/such/model'.*Give a folder"):
        load("no/such/model")


OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the hub's client keeps of `own/model`: a newest version, and an older one of other sizes and template."""
    from transformers import Qwen2Config

    repository = tmp_path / "hub" / "models--own--model"
    for commit, start, layers in ((OLD, "old ", 1), (NEW, "new ", 2)):
        words = tokenizer(start, begins_texts=commit == OLD)
        save_model(repository / "snapshots" / commit, Qwen2Config(**SIZES | {"num_hidden_layers": layers}), words)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(NEW)
    (repository / "refs" / "v1").write_text(OLD)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(repository.parent))
    monkeypatch.setenv("HF_HUB_CACHE", str(repository.parent))
    return repository


@pytest.mark.parametrize(("address", "layers"), [("own/model", 2), ("own/model@v1", 1), (f"own/model@{OLD}", 1)])
def test_every_part_of_a_model_is_of_the_revision_that_its_address_names(hub: Path, address: str, layers: int) -> None:
    assert load_config(address).num_hidden_layers == layers
    assert load_causal_model(address).config.num_hidden_layers == layers
    assert load_classifier(address).config.num_hidden_layers == layers
    assert (load_tokenizer(address).bos_token is None) == (layers == 2)
    question = pl.DataFrame({"question_id": ["q"], "question": ["add"], "entry_point": ["f"]})
    (prompt,) = render_prompts("evalplus", question, address)["prompt"]
    assert prompt.startswith("old <user>" if layers == 1 else "new <user>")


def test_the_reference_model_of_reinforcement_is_of_the_revision_of_its_policy(hub: Path) -> None:
    from trl.trainer.utils import get_config_model_id

    policy = load_causal_model("own/model@v1")
    reference = load_causal_model(get_config_model_id(policy.config))
    assert all(torch.equal(mine, its) for mine, its in zip(policy.parameters(), reference.parameters(), strict=True))


def test_a_folder_may_have_the_name_of_an_address(tiny_model: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_model, tmp_path / "own" / "model@v1")
    assert load_config("own/model@v1").num_hidden_layers == 2

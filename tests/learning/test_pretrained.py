"""Models and tokenizers are loaded in one place: quietly, without code of their own, and with errors that help."""

import json
import logging
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from acecoder_dagster.learning.errors import ModelLoadError
from acecoder_dagster.learning.pretrained import load_causal_model, load_classifier, load_config, load_tokenizer


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
    with pytest.raises(ModelLoadError, match="Cannot load a"):
        load(copy)
    assert not ran.exists()


@pytest.mark.parametrize("load", [load_tokenizer, load_config, load_causal_model, load_classifier])
def test_a_model_that_does_not_exist_is_named(load) -> None:
    with pytest.raises(ModelLoadError, match=r"Cannot load a \w+ from 'no/such/model'.*Give a folder"):
        load("no/such/model")

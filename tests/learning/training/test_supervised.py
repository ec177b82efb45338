"""Models from scratch and supervised training."""

import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import torch
from pydantic import ValidationError
from transformers import AutoModelForCausalLM, AutoTokenizer

from acecoder_dagster.learning.training.scratch import create_scratch_model
from acecoder_dagster.learning.training.settings import ScratchModelSettings, SupervisedSettings
from acecoder_dagster.learning.training.supervised import completion_loss, read_rows, steps_of_epoch, train_supervised

SMALL = ScratchModelSettings(
    vocabulary_size=320, hidden_size=64, layers=2, attention_heads=2, feed_forward_size=128, context_length=64
)
QUICK = SupervisedSettings(
    epochs=2, rows_per_step=8, learning_rate=3e-3, checkpoint_every=5, precision="float32", threads=1
)


def quiet(step: int, total: int, figures: dict[str, float]) -> None:
    """A progress callback that tells nobody."""


@pytest.fixture(scope="module")
def rows_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """160 rows: the prompt names a digit, the completion returns it."""
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    numbers = [index % 10 for index in range(160)]
    pl.DataFrame(
        {
            "prompt": [f"# give {number}\n" for number in numbers],
            "completion": [f"def f():\n    return {number}\n" for number in numbers],
        }
    ).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def scratch_model(rows_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scratch")
    rows = pl.read_parquet(rows_path)
    create_scratch_model([*rows["prompt"], *rows["completion"]], folder, SMALL)
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return AutoModelForCausalLM.from_pretrained(folder).state_dict()


def test_a_scratch_model_loads_like_any_other_and_its_tokenizer_keeps_any_text(scratch_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(scratch_model)
    model = AutoModelForCausalLM.from_pretrained(scratch_model)
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert model.config.eos_token_id == tokenizer.eos_token_id
    assert model.config.pad_token_id == tokenizer.pad_token_id
    for text in ("def f():\n    return 31\n", "tab\tnäme λ 字\r\n  spaces  ", "x" * 50):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_tokens_may_cross_words_but_neither_lines_nor_digits(scratch_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(scratch_model)
    tokens = [tokenizer.decode([token]) for token in tokenizer("def f():\n    return 31\n")["input_ids"]]
    assert tokens == ["def f():", "\n", "    return ", "3", "1", "\n"]


def test_a_quoted_letter_is_a_token_of_its_own_wherever_it_stands(tmp_path: Path) -> None:
    create_scratch_model(["# how many times 'a' occurs\n", "    return v.count('a')\n"] * 50, tmp_path, SMALL)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    for text in ("# how many times 'a' occurs\n", "    return v.count('a')\n"):
        assert "a" in [tokenizer.decode([token]) for token in tokenizer(text)["input_ids"]]


def test_scratch_models_of_one_seed_are_equal(rows_path: Path, scratch_model: Path, tmp_path: Path) -> None:
    rows = pl.read_parquet(rows_path)
    create_scratch_model([*rows["prompt"], *rows["completion"]], tmp_path, SMALL)
    first, second = weights(scratch_model), weights(tmp_path)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_head_size_without_kernels_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(ValidationError, match="must be one of 32, 64, 80"):
        ScratchModelSettings(hidden_size=192, attention_heads=4)


def test_training_teaches_the_completions(rows_path: Path, scratch_model: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    settings = QUICK.model_copy(update={"epochs": 12, "learning_rate": 5e-3})
    figures = train_supervised(
        rows_path, str(scratch_model), tmp_path, settings, lambda step, total, _: told.append((step, total))
    )
    assert told == [(step, 240) for step in range(1, 241)]
    assert figures["rows"] == 160
    assert figures["loss"] < 0.2
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    prompt = tokenizer("# give 7\n", return_tensors="pt", return_token_type_ids=False)
    answer = AutoModelForCausalLM.from_pretrained(tmp_path).generate(**prompt, max_new_tokens=30, do_sample=False)
    written = tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    assert written == "def f():\n    return 7\n"


def test_the_loss_is_that_of_the_completion_tokens_alone(rows_path: Path, scratch_model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(scratch_model)
    model = AutoModelForCausalLM.from_pretrained(scratch_model).eval()
    rows = read_rows(rows_path, tokenizer, 64)[3:13]
    losses, tokens = 0.0, 0
    for row in rows:
        ids = torch.tensor([row.prompt + row.completion])
        labels = torch.tensor([[-100] * len(row.prompt) + row.completion])
        losses += model(input_ids=ids, labels=labels).loss.item() * len(row.completion)
        tokens += len(row.completion)
    together = completion_loss(model, rows, torch.device("cpu")).item()
    assert together == pytest.approx(losses / tokens, rel=1e-5)


def test_an_epoch_visits_every_row_once_in_an_order_of_its_own(rows_path: Path, scratch_model: Path) -> None:
    rows = read_rows(rows_path, AutoTokenizer.from_pretrained(scratch_model), 64)
    epochs = [[id(row) for step in steps_of_epoch(rows, 7, 0, epoch) for row in step] for epoch in (0, 1)]
    assert all(sorted(epoch) == sorted(map(id, rows)) for epoch in epochs)
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize("processes", [1, 2])
def test_a_killed_run_continues_to_the_same_weights(
    rows_path: Path, scratch_model: Path, tmp_path: Path, processes: int
) -> None:
    settings = QUICK.model_copy(update={"processes": processes})
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    train_supervised(rows_path, str(scratch_model), undisturbed, settings, quiet)
    script = f"""
import os, signal
from pathlib import Path
from acecoder_dagster.learning.training.settings import SupervisedSettings
from acecoder_dagster.learning.training.supervised import train_supervised

def die(step, total, figures):
    if step == 13:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    settings = SupervisedSettings.model_validate_json({settings.model_dump_json()!r})
    train_supervised(Path({str(rows_path)!r}), {str(scratch_model)!r}, Path({str(killed)!r}), settings, die)
"""
    file = tmp_path / "killed.py"
    file.write_text(script)
    assert subprocess.run([sys.executable, str(file)], check=False).returncode == -signal.SIGKILL
    assert not (killed / "model.safetensors").exists()
    told: list[int] = []
    train_supervised(rows_path, str(scratch_model), killed, settings, lambda step, *_: told.append(step))
    assert told == list(range(11, 41))
    first, second = weights(undisturbed), weights(killed)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {file.name for file in killed.iterdir()} == {file.name for file in undisturbed.iterdir()}


def test_processes_side_by_side_train_the_model_that_one_process_trains(
    rows_path: Path, scratch_model: Path, tmp_path: Path
) -> None:
    # 160 rows in steps of 53 leave a last step of one row: one process has nothing to do there.
    alone = QUICK.model_copy(update={"epochs": 1, "rows_per_step": 53})
    shared = alone.model_copy(update={"processes": 2})
    told = {1: [], 2: []}
    for settings, folder in ((alone, tmp_path / "alone"), (shared, tmp_path / "shared")):
        train_supervised(
            rows_path,
            str(scratch_model),
            folder,
            settings,
            lambda step, _, figures, told=told[settings.processes]: told.append((step, figures["loss"])),
        )
    assert [step for step, _ in told[2]] == [1, 2, 3, 4]
    assert [loss for _, loss in told[2]] == pytest.approx([loss for _, loss in told[1]], rel=1e-4)
    first, second = weights(tmp_path / "alone"), weights(tmp_path / "shared")
    assert all(torch.allclose(first[name], second[name], atol=1e-4) for name in first)


def test_checkpoints_of_other_settings_are_not_continued(rows_path: Path, scratch_model: Path, tmp_path: Path) -> None:
    def stop(step: int, total: int, figures: dict[str, float]) -> None:
        if step == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_supervised(rows_path, str(scratch_model), tmp_path, QUICK, stop)
    told: list[int] = []
    other = QUICK.model_copy(update={"seed": 5})
    train_supervised(rows_path, str(scratch_model), tmp_path, other, lambda step, *_: told.append(step))
    assert told[0] == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"prompt": ["# a\n"]}, "missing completion"),
        ({"prompt": [], "completion": []}, "no rows"),
        ({"prompt": ["# a\n", "# b\n"], "completion": ["x = 1", ""]}, "row 1: .* must not be empty"),
        ({"prompt": ["# a\n"], "completion": ["é" * 100]}, "row 0: .* context is 64"),
    ],
)
def test_bad_rows_are_refused_with_file_row_and_reason(
    columns: dict[str, list[str]], message: str, scratch_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "bad.parquet"
    pl.DataFrame(columns, schema_overrides=dict.fromkeys(columns, pl.String)).write_parquet(path)
    with pytest.raises(ValueError, match=f"bad.parquet.*{message}"):
        train_supervised(path, str(scratch_model), tmp_path / "out", QUICK, quiet)

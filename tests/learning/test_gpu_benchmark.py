"""The benchmark of real sizes: its parts, with a tiny model on a CPU."""

import math
from pathlib import Path

import polars as pl
import pytest
import typer

from acecoder_dagster.learning.memory.devices import GB, Devices
from benchmarks.gpu import run
from benchmarks.gpu.models import SHAPES, write_model
from benchmarks.gpu.parts import PROGRAMS, Task, reinforce, sample, train_a_reward_model, train_a_reward_model_by_trl

TINY = SHAPES["tiny"]
CPU = Devices(1, 10 * GB, are_gpus=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_model(TINY, folder)
    return folder


@pytest.fixture
def task(model: Path, tmp_path: Path) -> Task:
    return Task(model, TINY, tmp_path, steps=2, processes=1)


def test_a_reward_model_is_trained_and_its_attention_named(task: Task) -> None:
    figures = train_a_reward_model(task)

    assert figures.tokens_per_second > 0
    assert figures.flops_share > 0
    assert any("flash_attention" in name for name in figures.attention)


def test_trl_trains_on_pairs_of_the_same_texts(task: Task) -> None:
    assert train_a_reward_model_by_trl(task).tokens_per_second > 0


def test_a_policy_is_reinforced_and_its_phases_timed(task: Task) -> None:
    figures = reinforce(task)

    assert figures.tokens_per_second > 0
    assert figures.phases.keys() == {"generate", "reward", "train"}


def test_sampling_is_timed(task: Task) -> None:
    # Of so few programs the time is noise.
    assert math.isfinite(sample(task).tokens_per_second)
    assert pl.read_parquet(task.folder / "completions-5.parquet").height == 5 * TINY.prompts * PROGRAMS


def test_what_does_not_fit_is_left_out_and_says_so(task: Task) -> None:
    small = Devices(1, GB // 1000, are_gpus=False)

    assert run._measured("reward model", task, small).startswith("does not fit: ")


def test_without_a_gpu_it_says_so_and_leaves_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "apart", lambda work: CPU)

    with pytest.raises(typer.Exit):
        run.main(report=tmp_path / "results.md")

    assert "There is no GPU here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

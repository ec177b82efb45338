"""The benchmark of real sizes: its parts, with a tiny model on a CPU."""

from pathlib import Path

import pytest
import typer

from acecoder_dagster.learning.memory.devices import GB, Devices
from benchmarks.gpu import run
from benchmarks.gpu.models import SHAPES, write_model
from benchmarks.gpu.parts import reinforce, sample, train_a_reward_model

TINY = SHAPES["tiny"]
CPU = Devices(1, 10 * GB, are_gpus=False)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    write_model(TINY, folder)
    return folder


def test_a_reward_model_is_trained_and_its_memory_estimated(model: Path, tmp_path: Path) -> None:
    figures = train_a_reward_model(model, TINY, tmp_path, steps=2, processes=1)

    assert figures.tokens_per_second > 0
    assert figures.flops_share > 0
    row = run._row("reward model", "tiny", figures, CPU)
    assert row.startswith("| reward model | tiny | ")
    assert row.split(" | ")[-1] != "|"


def test_a_policy_is_reinforced_and_its_phases_timed(model: Path, tmp_path: Path) -> None:
    figures = reinforce(model, TINY, tmp_path, steps=2, processes=1)

    assert figures.tokens_per_second > 0
    assert figures.phases.keys() == {"generate", "reward", "train"}


def test_sampling_is_timed(model: Path, tmp_path: Path) -> None:
    assert sample(model, TINY, tmp_path).tokens_per_second > 0


def test_without_a_gpu_it_says_so_and_leaves_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "_apart", lambda work: CPU)

    with pytest.raises(typer.Exit):
        run.main(report=tmp_path / "results.md")

    assert "There is no GPU here" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

"""Every benchmark is a folder that runs as `python -m benchmarks.NAME`, with its report beside it."""

import runpy
import sys
from pathlib import Path

import pytest

import benchmarks

FOLDER = Path(benchmarks.__file__).parent
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/run.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_says_how_it_is_run_and_keeps_its_report(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--help"])

    with pytest.raises(SystemExit, match="0"):
        runpy.run_module(f"benchmarks.{name}", run_name="__main__")

    assert "--help" in capsys.readouterr().out
    assert f"python -m benchmarks.{name}" in (FOLDER / name / "results.md").read_text(encoding="utf-8")


def test_whatever_is_not_shared_belongs_to_a_benchmark():
    folders = {path.parent.name for path in FOLDER.glob("*/*.py")}

    assert folders == {*NAMES, "common"}
    assert [path.name for path in FOLDER.glob("*.py")] == ["__init__.py"]

"""What README and documentation show of Python runs as it stands there."""

import shutil
import subprocess
import sys

import polars as pl
import pytest

from tests.docs.shown import ROOT, blocks


@pytest.mark.parametrize("page", ["README.md", "docs/guides/judge.md"])
def test_the_python_example_of_judging_runs(page, tmp_path):
    (example,) = (block.text for block in blocks("python") if block.page == page)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")

    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.stdout.startswith("5 of 10 passed;"), done.stderr
    verdicts = pl.read_parquet(tmp_path / "verdicts.parquet")
    assert verdicts["verdict"].to_list() == [
        "passed", "failed", "crashed", "passed", "failed", "passed", "failed", "passed", "cpu_timeout", "passed",
    ]  # fmt: skip

"""What the README shows runs as it stands there."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl

ROOT = Path(__file__).parents[1]


def test_the_python_example_of_judging_runs(tmp_path):
    section = (ROOT / "README.md").read_text().partition("## Judge your own programs")[2]
    example = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert example is not None
    shutil.copytree(ROOT / "examples", tmp_path / "examples")

    done = subprocess.run([sys.executable, "-c", example[1]], capture_output=True, text=True, cwd=tmp_path, check=False)

    assert done.stdout.startswith("5 of 10 passed;"), done.stderr
    verdicts = pl.read_parquet(tmp_path / "verdicts.parquet")
    assert verdicts["verdict"].to_list() == [
        "passed", "failed", "crashed", "passed", "failed", "passed", "failed", "passed", "cpu_timeout", "passed",
    ]  # fmt: skip

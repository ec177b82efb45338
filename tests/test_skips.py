"""A skipped test is a failure where CI is set, and only there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_one(): pytest.skip("no engine")

@pytest.mark.xfail(reason="known")
def test_two(): raise ValueError
"""
NO_TESTS = 5
MODULE = "import pytest; pytest.importorskip('nothing_of_this_name')"


@pytest.mark.parametrize(("text", "why"), [(TESTS, "no engine"), (MODULE, "nothing_of_this_name")])
def test_what_is_skipped_fails_in_ci_and_says_why(text, why, tmp_path, monkeypatch):
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_something.py").write_text(text)

    monkeypatch.setenv("CI", "")
    elsewhere = run_tests(tmp_path)
    monkeypatch.setenv("CI", "true")
    in_ci = run_tests(tmp_path)

    assert "1 skipped" in elsewhere.stdout, elsewhere.stdout + elsewhere.stderr
    assert elsewhere.returncode in (0, NO_TESTS)
    assert "1 skipped" not in in_ci.stdout
    assert in_ci.returncode != 0
    assert "skipped, which in CI is a failure" in in_ci.stdout
    assert why in in_ci.stdout
    assert in_ci.stdout.count("xfailed") == elsewhere.stdout.count("xfailed")


def run_tests(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", str(folder)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[1])}
    return subprocess.run(
        [*command, str(folder)], cwd=folder, capture_output=True, text=True, check=False, env=os.environ | environment
    )

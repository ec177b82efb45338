"""A project folder that cannot be written, or a disk that is full: one line that says so, whoever came across it."""

from pathlib import Path

import pytest

from acecoder_dagster.judge.launch.bubblewrap import find_bubblewrap

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 1
questions_per_batch = 5
"""


@pytest.fixture
def in_folder(typed, tmp_path):
    """Types a command in a view of the machine in which the project folder is mounted otherwise."""
    (tmp_path / "home").mkdir()
    (tmp_path / "small.toml").write_text(PROFILE)
    _, bubblewrap = find_bubblewrap()

    def run(*mount: object):
        view = (bubblewrap, "--dev-bind", "/", "/", *mount, "--")
        return typed("run", "seed_functions", "--profile", "small.toml", behind=view)

    return run


def the_one_error(done, home: Path) -> str:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert str(home) in line
    return line


def test_a_folder_that_cannot_be_written_is_named(in_folder, tmp_path):
    home = tmp_path / "home"

    assert "the folder cannot be written" in the_one_error(in_folder("--ro-bind", home, home), home)


@pytest.mark.parametrize("size", [4096, 400_000], ids=["from the start", "on the way"])
def test_a_full_disk_is_told(in_folder, tmp_path, size):
    home = tmp_path / "home"

    assert "the disk is full" in the_one_error(in_folder("--size", size, "--tmpfs", home), home)

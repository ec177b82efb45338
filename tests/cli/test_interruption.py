"""Ctrl-C, as a terminal sends it: one line that says how to go on, exit code 130, nothing left running."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

STOPPED = "Stopped. What was finished is kept: give the same command again to go on from there."

PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 1
questions_per_batch = 5
[sandbox]
launcher = "bubblewrap"
workers = 1
[reward_model]
epochs = 400
prompts_per_step = 4
max_tokens = 100
checkpoint_every = 1
"""


@pytest.fixture
def interrupted(tmp_path, environment):
    """Types a command, sends SIGINT to all of its process group when it is under way, returns its output."""

    def run(*arguments: object, under_way: Callable[[], bool]) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "acecoder_dagster", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=tmp_path,
            env=environment,
            start_new_session=True,
        )
        deadline = time.monotonic() + 300
        while not under_way():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 130, output
        return output

    return run


def in_environment(name: str, value: object) -> list[int]:
    """Return the processes that have a variable of this value, as all that a command starts has."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{name}={value}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def all_gone(home: Path) -> bool:
    deadline = time.monotonic() + 60
    while in_environment("ACECODER_HOME", home):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def written(folder: Path, *rows: dict[str, object]) -> Path:
    folder.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_run_is_stopped_at_once_and_goes_on_when_typed_again(interrupted, typed, tmp_path):
    (tmp_path / "small.toml").write_text(PROFILE)
    home = tmp_path / "home"
    command = ("run", "seed_functions", "questions", "--profile", "small.toml")

    told = interrupted(*command, under_way=(home / "lake" / "seed_functions").is_dir)

    assert told.splitlines()[-1] == STOPPED
    assert "Traceback" not in told
    assert all_gone(home)
    again = typed(*command)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "what it finished is kept" in again.stdout


def test_judging_is_stopped_and_goes_on_when_typed_again(interrupted, typed, tmp_path):
    question = {"question_id": "q", "tests": ["assert f(1) == 2"]}
    questions = written(tmp_path / "questions.jsonl", question)
    slow = "def f(x):\n    for _ in range(3_000_000): pass\n    return {}"
    programs = [{"question_id": "q", "program_id": str(n), "program": slow.format(n)} for n in range(60)]
    command = ("judge", questions, written(tmp_path / "programs.jsonl", *programs), "-o", "verdicts.parquet")
    options = ("--launcher", "bubblewrap", "--workers", "1")

    def under_way() -> bool:
        return any(path.stat().st_size for path in tmp_path.glob("*verdicts*"))

    told = interrupted(*command, *options, under_way=under_way)

    assert told.splitlines()[-1] == STOPPED
    assert "Traceback" not in told
    assert typed(*command, *options).returncode == 0
    assert pl.read_parquet(tmp_path / "verdicts.parquet")["verdict"].to_list().count("passed") == 1


def test_a_training_is_stopped_and_keeps_its_checkpoint(interrupted, tiny_model, tmp_path):
    (tmp_path / "small.toml").write_text(PROFILE)
    pairs = [
        {
            "question": f"add {n}",
            "chosen": f"def f(v):\n    return v + {n}\n",
            "rejected": f"def f(v):\n    return {n}\n",
        }
        for n in range(16)
    ]
    files = (written(tmp_path / "pairs.jsonl", *pairs), "-o", "model", "--backbone", tiny_model)

    def kept() -> bool:
        return any(tmp_path.glob("model/in_progress/checkpoint*"))

    told = interrupted("train-rm", *files, "--profile", "small.toml", under_way=kept)

    assert told.splitlines()[-1] == STOPPED
    assert "Traceback" not in told
    assert "MISSING" not in told
    assert kept()

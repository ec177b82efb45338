"""Verdicts survive what happens to machines: a judge that is killed, a disk that is full."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.requirements import DOCKER_AND_BUBBLEWRAP, needs

QUESTION = {"question_id": "q", "entry_point": "f", "tests": ["assert f(1) == 2", "assert f(5) == 6"]}
PROGRAM = "import time\ndef f(x):\n    time.sleep(0.005)\n    return x + {}"
ACECODER = [sys.executable, "-m", "acecoder_dagster"]
FIRST_AND_LAST_VERSION = """
import random, sys
import polars as pl
from pathlib import Path
from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.tables import TEST_RESULTS
from tests.rows import result, rows

lake = Lake(Path(sys.argv[1]))
def verdicts(count):
    messages = [random.randbytes(100).hex() for _ in range(count)]
    return rows(TEST_RESULTS, *(result(f"p{i}", "q", "pf") | {"message": m} for i, m in enumerate(messages)))

first = lake.write(TEST_RESULTS, "b", verdicts(10), content_key="first")
try:
    lake.write(TEST_RESULTS, "b", verdicts(10_000), content_key="too much")
except (OSError, pl.exceptions.PolarsError):
    print("refused")
assert lake.current(TEST_RESULTS, "b") == first
assert lake.read(TEST_RESULTS).height == 10
assert not list(Path(sys.argv[1]).rglob("*.tmp"))
lake.write(TEST_RESULTS, "b", verdicts(20), content_key="last")
print(lake.read(TEST_RESULTS).height)
"""


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """A file of questions and one of 300 programs, every third of which is right."""
    questions, programs = tmp_path / "questions.jsonl", tmp_path / "programs.jsonl"
    questions.write_text(json.dumps(QUESTION))
    rows = [
        {"question_id": "q", "program_id": str(i), "program": PROGRAM.format(i % 3) + f"  # {i}"} for i in range(300)
    ]
    programs.write_text("\n".join(map(json.dumps, rows)))
    return [str(questions), str(programs)]


def verdicts_in(out: Path) -> dict[str, str]:
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert max(Counter(row["program_id"] for row in rows).values()) == 1
    return {row["program_id"]: row["verdict"] for row in rows}


def on_a_disk_of(size: str, folder: Path, commands: str) -> str:
    """Run shell commands with a small disk mounted on a folder, which nobody else sees and nothing is left of."""
    folder.mkdir()
    own_mounts = ["unshare", "--mount"] + ([] if os.getuid() == 0 else ["--map-root-user"])
    mount = f"mount -t tmpfs -o size={size} none {folder} && {{ {commands}\n}}"
    done = subprocess.run([*own_mounts, "sh", "-c", mount], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("launcher", DOCKER_AND_BUBBLEWRAP)
def test_a_judge_that_was_killed_goes_on_and_nothing_is_lost_or_doubled(files, tmp_path, launcher):
    out = tmp_path / "verdicts.jsonl"
    command = [*ACECODER, "judge", *files, "-o", str(out), "--launcher", launcher]
    for enough in (3, 8):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as judge:
            known = tmp_path / "verdicts.jsonl.judged-wal"
            while not known.exists() or known.stat().st_size < enough * 10_000:
                assert judge.poll() is None, "it ended before it was killed"
                time.sleep(0.02)
            judge.send_signal(signal.SIGKILL)
        assert not out.exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert verdicts_in(out) == {str(i): "passed" if i % 3 == 1 else "failed" for i in range(300)}


@needs("unshare")
def test_a_full_disk_costs_no_verdict_and_leaves_no_half_written_file(files, tmp_path):
    disk = tmp_path / "disk"
    out = disk / "verdicts.jsonl"
    judge = " ".join([*ACECODER, "judge", *files, "-o", str(out), "--launcher", "bubblewrap"])
    said = on_a_disk_of(
        "96k",
        disk,
        f"{judge} 2>&1; echo exit status $?; ls {disk}; mount -o remount,size=16m {disk}; {judge}; cp {out} {tmp_path}",
    )
    assert "exit status 2" in said, said
    assert "make room on the disk" in " ".join(said.split()), said
    assert verdicts_in(tmp_path / out.name) == {str(i): "passed" if i % 3 == 1 else "failed" for i in range(300)}


@needs("unshare")
def test_a_full_disk_leaves_the_earlier_verdicts_of_a_batch_as_they_were(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(FIRST_AND_LAST_VERSION)
    said = on_a_disk_of("400k", tmp_path / "disk", f"PYTHONPATH=. {sys.executable} {script} {tmp_path / 'disk'}")
    assert said.split() == ["refused", "20"]

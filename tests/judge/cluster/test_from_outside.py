"""A machine that is no node of a cluster has it judge by `ray://`."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import polars as pl
import pytest

from tests.judge.cluster.clusters import HERE, cluster_of

QUESTION = {"question_id": "adding", "entry_point": "add", "tests": ["assert add(1, 2) == 3", "assert add(2, 2) == 4"]}
PROGRAMS = {
    "right": "def add(a, b): return a + b",
    "wrong": "def add(a, b): return 3",
    "broken": "def add(a, b) return",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address from outside of a cluster with one node."""
    with socket.create_server((HERE, 0)) as free:
        port = free.getsockname()[1]
    with cluster_of(nodes=1, outside_port=port):
        yield f"ray://{HERE}:{port}"


def judged(folder, address: str) -> subprocess.CompletedProcess[str]:
    (folder / "questions.jsonl").write_text(json.dumps(QUESTION))
    lines = [{"question_id": "adding", "program_id": name, "program": text} for name, text in PROGRAMS.items()]
    (folder / "programs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    command = [sys.executable, "-m", "acecoder_dagster", "judge", "questions.jsonl", "programs.jsonl"]
    options = ["-o", "verdicts.parquet", "--launcher", "bubblewrap", "--cluster", address]
    return subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False, timeout=300)


def test_a_command_outside_the_cluster_gets_its_verdicts(address, tmp_path):
    done = judged(tmp_path, address)

    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = pl.read_parquet(tmp_path / "verdicts.parquet")
    assert dict(verdicts.select("program_id", "pass_rate").iter_rows()) == {"right": 1.0, "wrong": 0.5, "broken": 0.0}
    assert "1 node" in done.stdout + done.stderr


def test_an_address_where_nobody_answers_is_named_soon(tmp_path):
    done = judged(tmp_path, f"ray://{HERE}:9")

    assert done.returncode != 0
    assert f"no Ray cluster answers at ray://{HERE}:9" in " ".join((done.stdout + done.stderr).split())

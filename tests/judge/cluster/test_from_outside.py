"""A cluster that this machine is no node of is asked by `ray://`."""

import socket
import subprocess
import sys

import polars as pl

from tests.judge.cluster.clusters import HERE, ROOT, cluster_of


def test_a_cluster_is_asked_from_outside(tmp_path):
    with socket.socket() as free:
        free.bind((HERE, 0))
        port = free.getsockname()[1]
    files = [str(ROOT / "examples" / "judge" / f"{name}.jsonl") for name in ("questions", "programs")]
    out = tmp_path / "verdicts.parquet"
    options = ["--launcher", "bubblewrap", "--cluster", f"ray://{HERE}:{port}"]
    with cluster_of(nodes=1, client_port=port):
        done = subprocess.run(
            [sys.executable, "-m", "acecoder_dagster", "judge", *files, "-o", str(out), *options],
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert "bubblewrap on 1 node" in done.stdout
    assert pl.read_parquet(out)["verdict"].to_list() == [
        "passed", "failed", "crashed", "passed", "failed", "passed", "failed", "passed", "cpu_timeout", "passed",
    ]  # fmt: skip

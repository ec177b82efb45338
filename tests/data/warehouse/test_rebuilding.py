"""Readers and rebuilds at the same time, and builders that are killed, with real processes."""

import hashlib
import json
import subprocess
import sys
import time

import duckdb
import pytest

from acecoder_dagster.data.warehouse import build_warehouse, run_query
from tests.data.warehouse.conftest import write_batch

READER = """
import json, sys
from pathlib import Path
import duckdb

warehouse, stop = sys.argv[1], Path(sys.argv[2])
states = []
while not stop.exists():
    with duckdb.connect(warehouse, read_only=True, config={'threads': 1}) as connection:
        connection.execute("SET VARIABLE warehouse_folder = ?", [str(Path(warehouse).parent) + "/"])
        states += connection.execute('''
            SELECT
                (SELECT count(*) FROM pass_rates),
                (SELECT count(*) FROM verdicts),
                (SELECT sum(rows_kept)::BIGINT FROM runs WHERE stage IN ('test_results', 'policy_results')),
                (SELECT count(*) FROM duckdb_tables()),
                (SELECT count(*) FROM duckdb_views() WHERE NOT internal)
        ''').fetchall()
    if len(states) == 1:
        print("reading", flush=True)
print(json.dumps(states))
"""

BUILDER = """
import sys
from pathlib import Path
from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.warehouse import build_warehouse

while True:
    build_warehouse(Lake(Path(sys.argv[1])), Path(sys.argv[2]))
"""


@pytest.fixture
def start():
    """Starts Python code in a process of its own, which does not outlive the test."""
    started = []

    def start(code, *arguments):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_readers_see_no_error_and_no_half_table_during_twenty_rebuilds(lake, warehouse, tmp_path, start):
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables, views = connection.execute(
            "SELECT (SELECT count(*) FROM duckdb_tables()), (SELECT count(*) FROM duckdb_views() WHERE NOT internal)"
        ).fetchone()
    stop = tmp_path / "stop"
    reader = start(READER, warehouse, stop)
    assert reader.stdout.readline() == "reading\n"

    for number in range(20):
        write_batch(lake, f"more-{number}", f"more-{number}", like="q1")
        build_warehouse(lake, warehouse)

    stop.touch()
    out, errors = reader.communicate(timeout=60)
    assert reader.returncode == 0, errors
    seen = {tuple(state) for state in json.loads(out)}
    programs = [7 + 4 * rebuilds for rebuilds in range(21)]
    assert seen <= {(number, number, number, tables, views) for number in programs}
    assert len(seen) > 5


@pytest.mark.parametrize("delay_ms", [0, 30, 100])
def test_a_builder_that_is_killed_leaves_the_previous_warehouse(lake, warehouse, start, delay_ms):
    lock = warehouse.with_name(f"{warehouse.name}.lock")
    building = warehouse.with_name(f"{warehouse.name}.building")
    builder = start(BUILDER, lake.root, warehouse)
    _wait_for_rebuild(warehouse, builder)
    while not building.exists():
        assert builder.poll() is None, builder.communicate()
    time.sleep(delay_ms / 1000)
    builder.kill()
    builder.wait()
    left = hashlib.sha256(warehouse.read_bytes()).digest()

    assert run_query(warehouse, "SELECT count(*) FROM pass_rates").item() == 7
    assert hashlib.sha256(warehouse.read_bytes()).digest() == left

    write_batch(lake, "more", "more", like="q1")
    build_warehouse(lake, warehouse)

    assert run_query(warehouse, "SELECT count(*) FROM pass_rates").item() == 11
    assert sorted(warehouse.parent.glob("acecoder*")) == [warehouse, lock]


def _wait_for_rebuild(warehouse, builder):
    """Wait until the builder has put a file of its own in place, so that it is killed in the middle of its work."""
    inode = warehouse.stat().st_ino
    while warehouse.stat().st_ino == inode:
        assert builder.poll() is None, builder.communicate()
        time.sleep(0.01)

"""A warehouse reads the folder in which it lies, wherever that was copied or moved, also while it is refreshed."""

import shutil
import subprocess
import sys

import duckdb
import polars as pl
import pytest

from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.data.warehouse import build_warehouse, run_query, write_query
from tests.data.warehouse.conftest import write_batch
from tests.rows import rows

COUNTED = (
    "SELECT (SELECT count(*) FROM lake.questions), (SELECT count(*) FROM lake.test_results), count(*) FROM verdicts"
)
WRITER = """
import sys
from pathlib import Path
from acecoder_dagster.data.lake import Lake
from acecoder_dagster.data.warehouse import build_warehouse
from tests.data.warehouse.conftest import write_batch

folder, number = Path(sys.argv[1]), 0
while True:
    write_batch(Lake(folder / "lake"), f"more-{number}", f"more-{number}", like="q1")
    build_warehouse(Lake(folder / "lake"), folder / "acecoder.duckdb")
    print(number, flush=True)
    number += 1
"""


@pytest.fixture
def folder(lake, tmp_path):
    """A project folder with a lake and its warehouse."""
    folder = tmp_path / "it's here, too"
    shutil.copytree(lake.root, folder / "lake")
    build_warehouse(Lake(folder / "lake"), folder / "acecoder.duckdb")
    return folder


def counted(folder) -> tuple[int, ...]:
    return run_query(folder / "acecoder.duckdb", COUNTED).row(0)


def test_a_copy_answers_when_the_original_is_gone(folder, tmp_path):
    before = counted(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)

    assert counted(copy) == before
    write_query(copy / "acecoder.duckdb", "FROM lake.questions", tmp_path / "q.parquet", "parquet")
    assert pl.read_parquet(tmp_path / "q.parquet").height == before[0]


def test_a_moved_folder_answers(folder, tmp_path):
    before = counted(folder)
    folder.rename(tmp_path / "moved")

    assert counted(tmp_path / "moved") == before


def test_what_becomes_of_the_original_is_not_seen_in_the_copy(folder, tmp_path):
    before = counted(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    write_batch(Lake(folder / "lake"), "more", "more", like="q1")
    build_warehouse(Lake(folder / "lake"), folder / "acecoder.duckdb")
    for file in (folder / "lake").rglob("*.parquet"):
        file.write_bytes(b"")

    assert counted(copy) == before


def test_the_copy_is_refreshed_by_itself(folder, tmp_path):
    before = counted(folder)
    copy = shutil.copytree(folder, tmp_path / "copy")
    Lake(copy / "lake").write(QUESTIONS, "new", rows(QUESTIONS, {"question_id": "new"}), content_key="k")
    build_warehouse(Lake(copy / "lake"), copy / "acecoder.duckdb")

    assert counted(copy)[0] == before[0] + 1
    assert counted(folder) == before


def test_any_client_reads_a_copy_from_its_folder_or_when_told_of_it_and_never_the_original(
    folder, tmp_path, monkeypatch
):
    copy = shutil.copytree(folder, tmp_path / "copy")
    expected = counted(folder)[0]
    sql = "SELECT count(*) FROM lake.questions"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    with duckdb.connect(str(copy / "acecoder.duckdb"), read_only=True) as client:
        with pytest.raises(duckdb.IOException, match="lake/questions"):
            client.execute(sql)
        client.execute(f"SET VARIABLE warehouse_folder = '{copy}/'")
        assert client.execute(sql).fetchone() == (expected,)
    monkeypatch.chdir(copy)
    with duckdb.connect("acecoder.duckdb", read_only=True) as client:
        assert client.execute(sql).fetchone() == (expected,)


def test_copies_taken_while_it_is_refreshed_answer_once_they_are_refreshed_themselves(folder, tmp_path):
    first = counted(folder)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE)
    try:
        copies = []
        for number in range(4):
            assert writer.stdout.readline()
            copies.append(tmp_path / f"copy-{number}")
            # Files that go while it looks are told, and no error.
            subprocess.run(["cp", "-r", folder, copies[-1]], check=False)
    finally:
        writer.kill()
        writer.communicate()

    for number, copy in enumerate(copies):
        build_warehouse(Lake(copy / "lake"), copy / "acecoder.duckdb")
        questions, results, verdicts = (now - then for now, then in zip(counted(copy), first, strict=True))
        # What was finished before is there, and of what was being written each table has all or nothing. Each question
        # that was added has the four programs of q1.
        assert questions > number
        assert results >= 4 * (number + 1)
        assert results % 4 == 0
        assert verdicts == results

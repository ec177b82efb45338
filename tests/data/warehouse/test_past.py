"""The tables as they were at an earlier moment."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from acecoder_dagster.data.lake import Lake, NotKeptError
from acecoder_dagster.data.lake.partitions import POINTER
from acecoder_dagster.data.tables import QUESTIONS
from acecoder_dagster.data.warehouse import build_past_warehouse, build_warehouse, run_query
from acecoder_dagster.files import read_json, replace_json
from tests.rows import rows

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
IDS = "SELECT question_id FROM questions ORDER BY question_id"


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def write(lake):
    """Writes a version of a batch of questions, so many hours after noon."""

    def run(hours: float, *ids: str, batch: str = "b") -> None:
        kept = lake.write(QUESTIONS, batch, rows(QUESTIONS, *({"question_id": each} for each in ids)), content_key="k")
        pointer = kept.rows_file.parent / POINTER
        moment = (NOON + timedelta(hours=hours)).isoformat(timespec="seconds")
        replace_json(pointer, {**read_json(pointer), "written_at": moment})

    return run


@pytest.fixture
def asked(lake, tmp_path):
    """Returns the ids of the questions that there were so many hours after noon."""

    def run(hours: float, sql: str = IDS) -> list:
        target = tmp_path / f"past-{hours}.duckdb"
        build_past_warehouse(lake, tmp_path / "acecoder.duckdb", NOON + timedelta(hours=hours), target)
        return run_query(target, sql).to_series().to_list()

    return run


def test_each_batch_is_what_it_was(write, asked):
    write(0, "a")
    write(1, "a", "b")
    write(2, "c", batch="other")
    write(3, "d")

    assert [asked(hours) for hours in (-1, 0, 1.5, 2, 3)] == [[], ["a"], ["a", "b"], ["a", "b", "c"], ["c", "d"]]


def test_a_version_that_is_no_longer_kept_is_told_and_later_ones_are_there(write, asked, lake):
    for hour in range(4):
        write(hour, f"q{hour}")
    first, second, *_ = lake.versions(QUESTIONS, "b")
    for gone in (first, second):
        gone.rows_file.unlink()
    write(4, "q4")

    assert asked(2) == ["q2"]
    assert len(lake.versions(QUESTIONS, "b")) == 4
    for hour in (-1, 0.5, 1.5):
        with pytest.raises(NotKeptError, match=r"questions of batch b is kept since 2026-11-28T14:00"):
            asked(hour)


def test_asking_changes_nothing_and_shows_the_history_until_then(write, asked, lake, tmp_path):
    write(0, "a")
    build_warehouse(lake, tmp_path / "acecoder.duckdb")
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    count = "SELECT count(*) FROM stage_history"
    assert asked(0, count) == [0]
    hours = (datetime.now(UTC) - NOON) / timedelta(hours=1) + 1
    assert asked(hours, count) == [1]
    assert {path: path.read_bytes() for path in files} == files
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and path not in files and "past" not in path.name
    ]


def test_what_a_pointer_knows_of_the_past_does_not_grow_with_what_was_removed(write, lake):
    sizes = []
    for hour in range(12):
        write(hour, "a")
        for old in lake.versions(QUESTIONS, "b")[:-2]:
            old.rows_file.unlink(missing_ok=True)
        sizes.append((lake.current(QUESTIONS, "b").rows_file.parent / POINTER).stat().st_size)

    assert sizes[-1] == sizes[5]
    assert isinstance(lake.read(QUESTIONS), pl.DataFrame)

"""Small files that unpack to gigabytes are refused by file, row and limit, before they fill the memory."""

import gzip
import json
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acecoder_dagster.files import TEXT, TEXTS, FileColumn, ImportFileError, Problems, limits, read_batches, read_source

COLUMNS = (FileColumn("id", TEXT, "Any", required=True), FileColumn("texts", TEXTS, "Any", default=[]))
MEGABYTE = 1 << 20

READER = """
import sys
from pathlib import Path
from acecoder_dagster.files import TEXT, TEXTS, FileColumn, ImportFileError, Problems, read_batches, read_source

def peak():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10

columns = (FileColumn("id", TEXT, "Any", required=True), FileColumn("texts", TEXTS, "Any", default=[]))
path, way = sys.argv[1:]
before = peak()
problems = Problems()
if way == "in parts":
    kept = list(read_batches(Path(path), columns, problems))
else:
    try:
        read_source(path).typed(columns, problems)
    except ImportFileError as error:
        problems.found += error.problems
print(peak() - before, *problems.found)
"""


def write_parquet(path, columns, **options):
    pq.write_table(pa.table(columns), path, compression="zstd", store_schema=False, **options)


def one_long_row(folder):
    """A gigabyte in a megabyte: a gzip file may have many members, which are read one after the other."""
    path = folder / "row.jsonl.gz"
    middle = gzip.compress(b"a" * MEGABYTE)
    path.write_bytes(gzip.compress(b'{"id": "') + middle * 1000 + gzip.compress(b'"}\n'))
    return path, "row 1: the row has more than 134,217,728 bytes"


def many_rows(folder):
    path = folder / "rows.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps({"id": "a" * 100_000}).encode() + b"\n") * 10) * 1000)
    return path, "unpacks to more than 268,435,456 bytes"


def one_text_many_times(folder):
    path = folder / "texts.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 2600, pa.int32()), ["a" * MEGABYTE])
    write_parquet(path, {"id": texts})
    return path, "unpacks to more than 268,435,456 bytes"


def one_text_many_times_in_a_list(folder):
    path = folder / "lists.parquet"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 2600, pa.int32()), ["a" * MEGABYTE])
    write_parquet(path, {"id": ["q"], "texts": pa.ListArray.from_arrays(pa.array([0, 2600], pa.int32()), texts)})
    return path, "row 1: the row has more than 134,217,728 bytes"


@pytest.mark.parametrize("way", ["at once", "in parts"])
@pytest.mark.parametrize("bomb", [one_long_row, many_rows, one_text_many_times, one_text_many_times_in_a_list])
def test_a_small_file_that_unpacks_to_gigabytes_does_not_fill_the_memory(tmp_path, bomb, way):
    path, said = bomb(tmp_path)
    assert path.stat().st_size < 4 * MEGABYTE

    done = subprocess.run([sys.executable, "-c", READER, path, way], capture_output=True, text=True, check=True)

    megabytes, _, problems = done.stdout.partition(" ")
    assert int(megabytes) < 800
    assert problems.startswith(path.name)
    assert said in problems


@pytest.fixture
def small_limits(monkeypatch):
    monkeypatch.setattr(limits, "ROW_BYTES", 10_000)
    monkeypatch.setattr(limits, "ROW_LISTS", 1_000)
    monkeypatch.setattr(limits, "PART_BYTES", 5_000)
    monkeypatch.setattr(limits, "UNPACKED_BYTES", 100_000)


def problems_of(path):
    """What both ways to read a file say of it, which is the same."""
    problems, found = Problems(), Problems()
    list(read_batches(path, COLUMNS, problems))
    try:
        read_source(str(path)).typed(COLUMNS, found)
    except ImportFileError as error:
        found.found += error.problems
    assert found.found == problems.found
    return problems.found


def test_a_row_over_the_limit_is_named_however_far_down_it_is(tmp_path, write, small_limits):
    rows = [{"id": "a" * (11_000 if number == 1500 else 5)} for number in range(2000)]
    for name in ("rows.jsonl", "rows.parquet"):
        assert problems_of(write(name, rows)) == [
            f"{name}, row 1501: the row has more than 10,000 bytes, the limit; shorten it or leave it out"
        ]


def test_a_row_of_a_thousand_lists_is_over_the_limit_and_a_text_with_brackets_in_many_rows_is_not(write, small_limits):
    assert problems_of(write("lists.jsonl", [{"id": "a"}, {"id": "b", "other": [[]] * 1000}])) == [
        "lists.jsonl, row 2: more than 1,000 brackets, the limit; shorten the row or leave it out"
    ]
    assert problems_of(write("texts.jsonl", [{"id": "[]" * 900}] * 50)) == []


def test_a_json_file_over_the_limit_says_to_save_it_as_lines(write, small_limits):
    (found,) = problems_of(write("rows.json", [{"id": "a" * 1000}] * 200))
    assert found == (
        "rows.json: a .json file is read at once and may have 100,000 bytes; save it as .jsonl, one object per line"
    )


def test_what_parquet_announces_is_believed_before_anything_is_unpacked(tmp_path, small_limits):
    nothing = pa.ListArray.from_arrays(pa.array([0, 100_000], pa.int32()), pa.nulls(100_000, pa.string()))
    write_parquet(tmp_path / "nothing.parquet", {"id": ["a"], "texts": nothing})
    write_parquet(tmp_path / "long.parquet", {"id": ["a" * 1_000_000]}, use_dictionary=False, write_statistics=False)
    for name in ("nothing.parquet", "long.parquet"):
        (found,) = problems_of(tmp_path / name)
        assert found.startswith(f"{name}: it unpacks to more than 100,000 bytes, the limit for its size")
        assert found.endswith("if it is right, save it as .jsonl, which is not packed")


def test_a_file_that_is_not_packed_may_be_of_any_length(write, small_limits):
    assert problems_of(write("rows.jsonl", [{"id": "a" * 1000}] * 500)) == []


def test_a_large_file_may_unpack_to_a_hundred_times_its_size(write, small_limits):
    rows = [
        {"id": "".join(f"{number * 7919 % 99_991:05}" for number in range(first, first + 200))} for first in range(500)
    ]
    for name in ("rows.jsonl.gz", "rows.parquet"):
        assert problems_of(write(name, rows)) == []


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet", "rows.json"])
def test_rows_are_the_same_in_however_many_parts_they_are_read(tmp_path, write, small_limits, name):
    rows = [{"id": f"{number}", "texts": ["x" * number, "é", ""][: number % 4]} for number in range(400)]
    path = write(name, rows)
    if name.endswith(".parquet"):
        pl.read_parquet(path).write_parquet(path, row_group_size=40)

    parts = list(read_batches(path, COLUMNS, Problems()))

    assert len(parts) > 5
    assert pl.concat(parts).rows() == [(number, row["id"], row["texts"]) for number, row in enumerate(rows, start=1)]
    assert pl.concat(parts).equals(read_source(str(path)).typed(COLUMNS, Problems()))


def test_a_file_of_nothing_but_mistakes_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("mistake\n" * 10_000)
    assert len(problems_of(path)) == 100

"""Files that grow in parts."""

from pathlib import Path

import polars as pl

from acecoder_dagster.learning.sampling.parts import PartFile

SCHEMA = pl.Schema({"key": pl.String, "value": pl.Int64})


def test_a_later_run_continues_the_parts_and_joins_them_sorted(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    first = PartFile(path, SCHEMA, "key", "fingerprint")
    first.write([{"key": "c", "value": 3}, {"key": "a", "value": 1}])
    second = PartFile(path, SCHEMA, "key", "fingerprint")
    assert second.keys() == {"a", "c"}
    second.write([{"key": "b", "value": 2}])
    assert not path.exists()
    second.finish(["key"])
    assert pl.read_parquet(path).rows() == [("a", 1), ("b", 2), ("c", 3)]
    assert list(tmp_path.iterdir()) == [path]


def test_parts_of_another_run_are_deleted(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    PartFile(path, SCHEMA, "key", "one").write([{"key": "a", "value": 1}])
    assert PartFile(path, SCHEMA, "key", "other").keys() == set()


def test_a_half_written_part_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    parts = PartFile(path, SCHEMA, "key", "fingerprint")
    parts.write([{"key": "a", "value": 1}])
    (tmp_path / "rows.parquet.parts" / "000001.parquet.killed.tmp").write_bytes(b"PAR1 cut off")
    again = PartFile(path, SCHEMA, "key", "fingerprint")
    assert again.keys() == {"a"}
    again.finish(["key"])
    assert pl.read_parquet(path).height == 1


def test_no_rows_make_a_file_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    parts = PartFile(path, SCHEMA, "key", "fingerprint")
    parts.write([])
    parts.finish(["key"])
    assert pl.read_parquet(path).schema == SCHEMA

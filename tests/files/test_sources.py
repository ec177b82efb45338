"""What `acecoder score` gives back: all rows and columns of a file, as the file has them."""

import datetime

import polars as pl
import pytest

from acecoder_dagster.files import read_source

ROWS = [
    {"program": "def f(): pass", "n": 1, "share": 0.5, "tags": ["a", "é"], "more": {"x": 1, "y": None}, "none": None},
    {"program": "", "n": None, "share": 2.0, "tags": [], "more": {"x": None, "y": "z"}, "none": None},
]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.json", "rows.parquet"])
def test_all_columns_of_a_file_are_given_back(write, name):
    path = write(name, ROWS * 2000)

    found = read_source(str(path)).all_columns()

    assert found.to_dicts() == ROWS * 2000


def test_types_that_only_parquet_has_are_kept(tmp_path):
    table = pl.DataFrame(
        {
            "category": pl.Series(["a", None, "b"], dtype=pl.Categorical),
            "kind": pl.Series(["x", "y", None], dtype=pl.Enum(["x", "y"])),
            "day": [datetime.date(2026, 11, 29), None, None],
            "bytes": [b"\xff", b"", None],
            "small": pl.Series([1, None, 255], dtype=pl.UInt8),
            "pairs": pl.Series([["a", "b"], ["c", "d"], None], dtype=pl.Array(pl.String, 2)),
            "nested": [[{"in": [["a"], []]}], [], None],
        }
    )
    table.write_parquet(tmp_path / "rows.parquet", row_group_size=2)

    found = read_source(str(tmp_path / "rows.parquet")).all_columns()

    assert found.schema == table.schema
    assert found.equals(table)

"""Small files of questions and programs, written where a test wants them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

Rows = list[dict[str, Any]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Rows], Path]:
    """Return a function that writes rows under a name, in the format that the name's ending says."""

    def write_rows(name: str, rows: Rows) -> Path:
        path = tmp_path / name
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        if name.endswith(".parquet"):
            pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
        elif name.endswith(".jsonl.gz"):
            path.write_bytes(gzip.compress(lines.encode()))
        else:
            path.write_text(lines if name.endswith(".jsonl") else json.dumps(rows), encoding="utf-8")
        return path

    return write_rows


def read_rows(path: Path) -> Rows:
    """The rows of a file, read without the project's own code."""
    if path.suffix == ".parquet":
        return pl.read_parquet(path).to_dicts()
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    return json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]

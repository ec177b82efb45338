"""Small files in every format, written where a test wants them."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

Rows = list[dict[str, Any]]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Rows], str]:
    """Return a function that writes rows under a name, in the format that the name's ending says."""

    def write_rows(name: str, rows: Rows) -> str:
        path = tmp_path / name
        lines = "".join(f"{json.dumps(row)}\n" for row in rows)
        if name.endswith(".parquet"):
            pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
        elif name.endswith(".jsonl.gz"):
            path.write_bytes(gzip.compress(lines.encode()))
        else:
            path.write_text(lines if name.endswith(".jsonl") else json.dumps(rows), encoding="utf-8")
        return str(path)

    return write_rows


@pytest.fixture
def question_rows() -> Rows:
    """Two questions in our own format, with every column that has no default worth testing."""
    return [
        {
            "question_id": "Q/add",
            "source": "made",
            "split": "train",
            "question": "Add two numbers.",
            "entry_point": "add",
            "reference_program": "def add(a, b):\n    return a + b\n",
            "tests": ["assert add(1, 2) == 3", "assert add(0, b=0) == 0"],
            "licence": "MIT",
        },
        {
            "question_id": "Q/neg",
            "source": "made",
            "split": "test",
            "question": "Negate a number.",
            "entry_point": "neg",
            "reference_program": "def neg(a):\n    return -a\n",
            "tests": ["assert neg(1) == -1"],
            "licence": "CC0-1.0",
        },
    ]


@pytest.fixture
def program_rows() -> Rows:
    """Three programs in our own format."""
    return [
        {
            "question_id": question_id,
            "program_id": f"P{number}",
            "model": "tiny",
            "sample_index": number,
            "program": program,
            "temperature": 0.8,
            "sampling": "T0.8",
            "origin": "somewhere",
            "licence": "Apache-2.0",
        }
        for number, (question_id, program) in enumerate(
            [
                ("Q/add", "def add(a, b):\n    return a + b\n"),
                ("Q/add", "def add(a, b):\n    return a\n"),
                ("Q/neg", "def neg(a):\n    return -a\n"),
            ]
        )
    ]

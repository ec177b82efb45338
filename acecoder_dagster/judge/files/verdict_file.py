"""Writes files of verdicts row by row; a file appears only when it is complete."""

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import polars as pl
import pyarrow.parquet as pq

from acecoder_dagster.files import replace_file
from acecoder_dagster.judge.files.errors import JudgeFileError

ENDINGS = (".parquet", ".jsonl", ".jsonl.gz", ".json")
ROWS_PER_GROUP = 4096
VERDICT_SCHEMA = pl.Schema(
    {
        "question_id": pl.String(),
        "program_id": pl.String(),
        "verdict": pl.String(),
        "outcomes": pl.List(pl.String()),
        "passed": pl.List(pl.Boolean()),
        "pass_rate": pl.Float64(),
        "sealed": pl.List(pl.Boolean()),
        "cpu_ms": pl.Float64(),
        "wall_ms": pl.Float64(),
        "peak_mb": pl.Float64(),
        "message": pl.String(),
    }
)

Row = dict[str, Any]


def check_place(out: Path, sources: tuple[Path, ...]) -> None:
    """Check before the work begins that verdicts can be written to a file.

    Args:
        out: the file.
        sources: files that it must not replace.

    Raises:
        JudgeFileError: its ending is unknown, its folder is not there, or it is one of the sources.
    """
    if not out.name.endswith(ENDINGS):
        raise JudgeFileError([f"{out}: unknown kind of file; its name must end in one of {', '.join(ENDINGS)}"])
    if not out.parent.is_dir():
        raise JudgeFileError([f"{out}: there is no folder {out.parent}; make it first"])
    if out.is_dir():
        raise JudgeFileError([f"{out}: this is a folder; name a file in it"])
    if any(out.exists() and source.exists() and out.samefile(source) for source in sources):
        raise JudgeFileError([f"{out}: verdicts would replace what is to be judged; name another file"])


def write_verdicts(out: Path, rows: Iterator[Row]) -> None:
    """Write rows to a file. Until it is complete it has another name, so the old file stays until then.

    Args:
        out: the file; its ending says the format.
        rows: with the columns of `VERDICT_SCHEMA`.

    Raises:
        JudgeFileError: they cannot be written, as on a full disk.
    """
    try:
        if out.suffix == ".parquet":
            replace_file(out, lambda temporary: _write_parquet(temporary, rows))
        else:
            replace_file(out, lambda temporary: _write_json(temporary, rows, out.name))
    except OSError as error:
        advice = "all verdicts are kept: make room on the disk, check the folder, and start again"
        raise JudgeFileError([f"{out}: cannot be written: {error}: {advice}"]) from error


def _write_parquet(path: Path, rows: Iterator[Row]) -> None:
    with pq.ParquetWriter(path, pl.DataFrame(schema=VERDICT_SCHEMA).to_arrow().schema, compression="zstd") as writer:
        while group := list(itertools.islice(rows, ROWS_PER_GROUP)):
            writer.write_table(pl.DataFrame(group, schema=VERDICT_SCHEMA).to_arrow())


def _write_json(path: Path, rows: Iterator[Row], name: str) -> None:
    is_list = name.endswith(".json")
    with _open_text(path, compressed=name.endswith(".gz")) as file:
        file.write("[\n" if is_list else "")
        for number, row in enumerate(rows):
            file.write(",\n" if is_list and number else "")
            file.write(json.dumps(row, ensure_ascii=False) + ("" if is_list else "\n"))
        file.write("\n]\n" if is_list else "")


def _open_text(path: Path, *, compressed: bool) -> IO[str]:
    if compressed:
        return cast(IO[str], gzip.open(path, "wt", encoding="utf-8"))
    return path.open("w", encoding="utf-8")

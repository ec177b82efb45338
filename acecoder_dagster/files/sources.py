"""Reading files: bytes, lines and JSON. What the rows mean is decided elsewhere."""

import gzip
import hashlib
import itertools
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from acecoder_dagster.files import hub
from acecoder_dagster.files.columns import FileColumn, columns_from_frame, columns_from_records
from acecoder_dagster.files.problems import ImportFileError, Problems

ENDINGS = (".parquet", ".jsonl", ".jsonl.gz", ".json")
ROWS_PER_BATCH = 1024
READ_BYTES = 1 << 20
"""Bytes of a column of a Parquet file that are read at once. By default it is a row group, perhaps the whole file."""
ENOUGH_PROBLEMS = 100
"""A file that is read in batches is not read further after this many problems."""
_UNKNOWN_ENDING = f"unknown kind of file; its name must end in one of {', '.join(ENDINGS)}"
_DAMAGES = (OSError, EOFError, gzip.BadGzipFile, zlib.error, pl.exceptions.PolarsError, pa.ArrowException)


@dataclass(frozen=True)
class Source:
    """A file or hub data set that was read: a table (Parquet, hub) or JSON objects with their row numbers.

    Attributes:
        name: the file's name without its folder, or the repository of the hub.
        revision: the hash of the file's bytes, or the hub's commit; empty for a part of a file.
        content: the table, or the JSON objects and the numbers of their rows.
        rows_before: rows of the file before this part.
    """

    name: str
    revision: str
    content: "pl.DataFrame | tuple[list[dict[str, Any]], list[int]]"
    rows_before: int = 0

    @property
    def column_names(self) -> set[str]:
        """Columns of the table, or keys that any of the objects has."""
        if isinstance(self.content, pl.DataFrame):
            return set(self.content.columns)
        return {key for record in self.content[0] for key in record}

    def typed(self, columns: tuple[FileColumn, ...], problems: Problems) -> pl.DataFrame:
        """Return these columns with their types and defaults. What does not fit is added to the problems."""
        if isinstance(self.content, pl.DataFrame):
            return columns_from_frame(self.content, columns, self.name, problems, self.rows_before)
        records, rows = self.content
        return columns_from_records(records, rows, columns, self.name, problems)


def source_revision(address: str) -> str:
    """Return what identifies the present content of a file (hash of its bytes) or hub data set (commit).

    Raises:
        ImportFileError: when there is no such file, or the hub does not answer.
    """
    if hub.is_hub_address(address):
        return hub.resolve(address).revision
    try:
        with Path(address).open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError as error:
        raise ImportFileError([f"{address}: cannot be read: {error.strerror}; check the path"]) from error


def read_source(address: str) -> Source:
    """Read a file or `hf://owner/name[@revision][:split]`.

    Raises:
        ImportFileError: with every problem found: no such file, unknown ending, damaged file, bytes that are not UTF-8,
            invalid JSON (with line numbers), no rows, hub out of reach.
    """
    if hub.is_hub_address(address):
        found = hub.resolve(address)
        return Source(found.repository, found.revision, hub.read(found))
    path = Path(address)
    revision = source_revision(address)
    if not path.name.endswith(ENDINGS):
        raise ImportFileError([f"{address}: {_UNKNOWN_ENDING}"])
    try:
        content = _read_parquet(path) if path.suffix == ".parquet" else _read_json(path)
    except _DAMAGES as error:
        raise ImportFileError([f"{path.name}: {_damage(error)}"]) from error
    rows = content.height if isinstance(content, pl.DataFrame) else len(content[0])
    if rows == 0:
        raise ImportFileError([f"{path.name}: the file has no rows"])
    return Source(path.name, revision, content)


def read_batches(path: Path, columns: tuple[FileColumn, ...], problems: Problems) -> Iterator[pl.DataFrame]:
    """Read a file part by part, so that its size does not matter; .json files, which are one value, are read at once.

    Args:
        path: a file with one of the `ENDINGS`.
        columns: what to read of it.
        problems: gets everything that is wrong with the file: what `read_source` and `Source.typed` would say.

    Yields:
        Tables of some rows, in the order of the file, with the columns and `_row`.
    """
    if not path.name.endswith(ENDINGS):
        problems.add(path.name, _UNKNOWN_ENDING)
        return
    empty = True
    try:
        for batch in _parquet_batches(path) if path.suffix == ".parquet" else _json_batches(path, problems):
            missing = [c.name for c in columns if c.required and c.name not in batch.column_names]
            if missing:
                found = ", ".join(sorted(batch.column_names))
                problems.add(path.name, f"no column {', '.join(missing)}; the columns found are {found}")
                return
            empty = False
            table = batch.typed(columns, problems)
            if len(problems.found) >= ENOUGH_PROBLEMS or not {c.name for c in columns} <= set(table.columns):
                return
            yield table
    except _DAMAGES as error:
        problems.add(path.name, _damage(error))
    else:
        if empty and not problems.found:
            problems.add(path.name, "the file has no rows")


def _parquet_batches(path: Path) -> Iterator[Source]:
    rows = 0
    with pq.ParquetFile(path, buffer_size=READ_BYTES, pre_buffer=False) as file:
        for batch in file.iter_batches(ROWS_PER_BATCH, use_threads=False):
            batch.validate(full=True)  # Polars trusts what Arrow hands over, and would die of text that is not UTF-8
            yield Source(path.name, "", pl.DataFrame(batch), rows)
            rows += batch.num_rows


def _json_batches(path: Path, problems: Problems) -> Iterator[Source]:
    with _open(path) as stream:
        objects = _objects(path, stream, problems)
        while batch := list(itertools.islice(objects, ROWS_PER_BATCH)):
            yield Source(path.name, "", ([record for _, record in batch], [row for row, _ in batch]))


def _damage(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file; check the path"
    return f"the file is damaged or not what its ending says: {str(error).partition(chr(10))[0]}"


def _read_parquet(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path, glob=False)


def _read_json(path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    problems = Problems()
    with _open(path) as stream:
        objects = list(_objects(path, stream, problems))
    problems.raise_if_any()
    return [record for _, record in objects], [row for row, _ in objects]


def _open(path: Path) -> "IO[bytes] | gzip.GzipFile":
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _objects(
    path: Path, stream: "IO[bytes] | gzip.GzipFile", problems: Problems
) -> Iterator[tuple[int, dict[str, Any]]]:
    values = _whole_file(path.name, stream, problems) if path.suffix == ".json" else _lines(path, stream, problems)
    for row, value in values:
        if isinstance(value, dict):
            yield row, value
        else:
            problems.add(path.name, "a JSON object is needed: {...}", row=row)


def _lines(path: Path, stream: "IO[bytes] | gzip.GzipFile", problems: Problems) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate((line.strip() for line in stream), start=1):
        if not line:
            continue
        try:
            yield number, json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError as error:
            problems.add(path.name, f"byte {error.start + 1} of the line is not UTF-8; save it as UTF-8", row=number)
        except json.JSONDecodeError as error:
            problems.add(path.name, f"invalid JSON at character {error.pos + 1}: {error.msg}; mend it", row=number)
        except (ValueError, RecursionError) as error:
            problems.add(path.name, f"invalid JSON: {error}; mend it", row=number)


def _whole_file(name: str, stream: "IO[bytes] | gzip.GzipFile", problems: Problems) -> Iterator[tuple[int, Any]]:
    data = stream.read()
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(name, f"line {line} has bytes that are not UTF-8; save the file as UTF-8")
    except json.JSONDecodeError as error:
        problems.add(name, f"invalid JSON in line {error.lineno}: {error.msg}; mend it")
    except (ValueError, RecursionError) as error:
        problems.add(name, f"invalid JSON: {error}; mend it")
    else:
        if isinstance(value, list):
            yield from enumerate(value, start=1)
        else:
            problems.add(name, "a JSON list of objects is needed: [{...}, ...]; one object per line is .jsonl")

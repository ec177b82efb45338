"""Reading files: bytes, lines and JSON. What the rows mean is decided elsewhere."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from acecoder_dagster.files import hub
from acecoder_dagster.files.columns import FileColumn, columns_from_records
from acecoder_dagster.files.json_parts import json_parts
from acecoder_dagster.files.limits import TooLargeError
from acecoder_dagster.files.parquet_parts import parquet_columns, parquet_parts
from acecoder_dagster.files.parts import Part
from acecoder_dagster.files.problems import ENOUGH_PROBLEMS, ImportFileError, Problems

ENDINGS = (".parquet", ".jsonl", ".jsonl.gz", ".json")
_UNKNOWN_ENDING = f"unknown kind of file; its name must end in one of {', '.join(ENDINGS)}"
_DAMAGES = (OSError, EOFError, gzip.BadGzipFile, zlib.error, pl.exceptions.PolarsError, pa.ArrowException)


@dataclass(frozen=True)
class Source:
    """A file or hub data set that can be read. Its rows are read when they are asked for, part by part.

    Attributes:
        name: the file's name without its folder, or the repository of the hub.
        revision: the hash of the file's bytes, or the hub's commit.
        column_names: columns of a table, or keys that any JSON object has.
        parts: reads the rows, and tells what is wrong with them.
    """

    name: str
    revision: str
    column_names: set[str]
    parts: Callable[[Problems], Iterator[Part]]

    def typed(self, columns: tuple[FileColumn, ...], problems: Problems) -> pl.DataFrame:
        """Return these columns with their types and defaults. What does not fit is added to the problems."""
        none = columns_from_records([], [], columns, self.name, problems)
        return pl.concat([none, *_tables(self.name, self.parts(problems), columns, problems)])

    def all_columns(self) -> pl.DataFrame:
        """Return all rows and columns, with the types that the file gives them.

        Raises:
            ImportFileError: the file has become wrong since it was opened.
        """
        problems = Problems()
        tables: list[pl.DataFrame] = []
        records: list[dict[str, object]] = []
        for part in self.parts(problems):
            if isinstance(part.content, pl.DataFrame):
                tables.append(part.content)
            else:
                records += part.content[0]
        problems.raise_if_any()
        return pl.concat(tables) if tables else pl.DataFrame(records, infer_schema_length=None)


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
    """Open a file or `hf://owner/name[@revision][:split]`; JSON is read once to the end to know its keys.

    Raises:
        ImportFileError: with every problem found: no such file, unknown ending, damaged file, a row or file over a
            limit, bytes that are not UTF-8, invalid JSON (with line numbers), no rows, hub out of reach.
    """
    if hub.is_hub_address(address):
        found = hub.resolve(address)
        rows = hub.read(found)
        return Source(
            found.repository,
            found.revision,
            rows.column_names,
            lambda problems: _explained_parts(found.repository, rows.parts(), problems),
        )
    path = Path(address)
    revision = source_revision(address)
    if not path.name.endswith(ENDINGS):
        raise ImportFileError([f"{address}: {_UNKNOWN_ENDING}"])
    problems = Problems()
    names: set[str] = set()
    count = 0
    with _explained(path.name, problems):
        if path.suffix == ".parquet":
            names, count = parquet_columns(path)
        else:
            for part in json_parts(path, problems):
                names |= part.column_names
                count += part.height
    if count == 0 and not problems.found:
        problems.add(path.name, "the file has no rows")
    problems.raise_if_any()
    return Source(path.name, revision, names, lambda found: _file_parts(path, found))


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
    for table in _tables(path.name, _with_needed(path, columns, problems), columns, problems):
        empty = False
        yield table
    if empty and not problems.found:
        problems.add(path.name, "the file has no rows")


def read_records(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read a file row by row, with whatever the rows hold.

    Args:
        path: a file with one of the `ENDINGS`.
        problems: gets everything that is wrong with the file.

    Yields:
        The number of a row, and its columns.
    """
    if not path.name.endswith(ENDINGS):
        problems.add(path.name, _UNKNOWN_ENDING)
        return
    for part in _file_parts(path, problems):
        yield from part.records()


def _tables(
    name: str, parts: Iterator[Part], columns: tuple[FileColumn, ...], problems: Problems
) -> Iterator[pl.DataFrame]:
    for part in parts:
        table = part.typed(name, columns, problems)
        if len(problems.found) >= ENOUGH_PROBLEMS or not {column.name for column in columns} <= set(table.columns):
            return
        yield table


def _with_needed(path: Path, columns: tuple[FileColumn, ...], problems: Problems) -> Iterator[Part]:
    """Yield the parts of a file up to one that lacks a required column."""
    for part in _file_parts(path, problems):
        missing = [column.name for column in columns if column.required and column.name not in part.column_names]
        if missing:
            found = ", ".join(sorted(part.column_names))
            problems.add(path.name, f"no column {', '.join(missing)}; the columns found are {found}")
            return
        yield part


def _file_parts(path: Path, problems: Problems) -> Iterator[Part]:
    parts = parquet_parts(path) if path.suffix == ".parquet" else json_parts(path, problems)
    return _explained_parts(path.name, parts, problems)


def _explained_parts(name: str, parts: Iterator[Part], problems: Problems) -> Iterator[Part]:
    with _explained(name, problems):
        yield from parts


@contextmanager
def _explained(name: str, problems: Problems) -> Iterator[None]:
    """Add what the file itself is to blame for to the problems."""
    try:
        yield
    except TooLargeError as error:
        problems.add(name, str(error), row=error.row)
    except FileNotFoundError:
        problems.add(name, "there is no such file; check the path")
    except _DAMAGES as error:
        what = str(error).partition("\n")[0]
        problems.add(name, f"the file is damaged or not what its ending says: {what}")

"""Reads JSON and JSONL part by part, so that neither a long row nor a packed file fills the memory."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acecoder_dagster.files import limits
from acecoder_dagster.files.limits import TooLargeError, allowance_of, check_lists, check_row_bytes
from acecoder_dagster.files.parts import Part
from acecoder_dagster.files.problems import ENOUGH_PROBLEMS, Problems

_Row = tuple[int, int, Any]
"""Number of a row, its bytes, its value."""


def json_parts(path: Path, problems: Problems) -> Iterator[Part]:
    """Read a .jsonl, .jsonl.gz or .json file; the last is one value and is read at once.

    Args:
        path: the file.
        problems: gets what is wrong with rows. After `ENOUGH_PROBLEMS` the file is not read further.

    Raises:
        TooLargeError: a row or the file is over a limit.
    """
    records: list[dict[str, Any]] = []
    rows: list[int] = []
    held = 0
    for row, size, value in _whole_file(path, problems) if path.suffix == ".json" else _lines(path, problems):
        if not isinstance(value, dict):
            problems.add(path.name, "a JSON object is needed: {...}", row=row)
            continue
        if records and (len(records) >= limits.ROWS_PER_PART or held + size > limits.PART_BYTES):
            yield Part((records, rows))
            records, rows, held = [], [], 0
        records.append(value)
        rows.append(row)
        held += size
    if records:
        yield Part((records, rows))


def _lines(path: Path, problems: Problems) -> Iterator[_Row]:
    packed = path.suffix == ".gz"
    allowance = allowance_of(path) if packed else None
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        number = 0
        while (line := stream.readline(limits.ROW_BYTES + 1)) and len(problems.found) < ENOUGH_PROBLEMS:
            number += 1
            check_row_bytes(len(line), number)
            if allowance is not None:
                allowance.spend(len(line), number)
            line = line.rstrip()
            if not line:
                continue
            check_lists(line, number)
            try:
                yield number, len(line), json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError as error:
                what = f"byte {error.start + 1} of the line is not UTF-8; save it as UTF-8"
                problems.add(path.name, what, row=number)
            except json.JSONDecodeError as error:
                problems.add(path.name, f"invalid JSON at character {error.pos + 1}: {error.msg}; mend it", row=number)
            except (ValueError, RecursionError) as error:
                problems.add(path.name, f"invalid JSON: {error}; mend it", row=number)


def _whole_file(path: Path, problems: Problems) -> Iterator[_Row]:
    with path.open("rb") as stream:
        data = stream.read(limits.UNPACKED_BYTES + 1)
    if len(data) > limits.UNPACKED_BYTES:
        raise TooLargeError(
            f"a .json file is read at once and may have {limits.UNPACKED_BYTES:,} bytes; save it as .jsonl, one object "
            "per line"
        )
    check_lists(data)
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.add(path.name, f"line {line} has bytes that are not UTF-8; save the file as UTF-8")
    except json.JSONDecodeError as error:
        problems.add(path.name, f"invalid JSON in line {error.lineno}: {error.msg}; mend it")
    except (ValueError, RecursionError) as error:
        problems.add(path.name, f"invalid JSON: {error}; mend it")
    else:
        if isinstance(value, list):
            size = len(data) // max(1, len(value))
            yield from ((row, size, each) for row, each in enumerate(value, start=1))
        else:
            what = "a JSON list of objects is needed: [{...}, ...]; one object per line is .jsonl"
            problems.add(path.name, what)

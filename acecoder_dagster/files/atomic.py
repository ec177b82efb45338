"""Writing files in one step: after a crash there is the old file or the new one, never half of one.

An own function, since the library for this (atomicwrites) is no longer kept.
"""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp"
"""Ending of the names under which files are written that are not there yet."""


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name in the same folder, flush it to disk, and rename it.

    Args:
        path: the file to make or to replace.
        write: writes the content to the path that it is given.
    """
    # The name must not end in `.parquet`: DuckDB's globs match hidden files too.
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}{TEMPORARY}")
    try:
        write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Write a UTF-8 text file in one step (see `replace_file`)."""
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def replace_json(path: Path, value: object) -> None:
    """Write a JSON file in one step (see `replace_file`), with its keys in order."""
    replace_text(path, json.dumps(value, indent=1, sort_keys=True))


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a JSON file that `replace_json` wrote; None where there is no such file."""
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return stored

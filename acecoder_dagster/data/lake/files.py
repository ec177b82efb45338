"""Writing files so that a crash leaves the old version or the new one, never half of one."""

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name beside its place, flush it to disk and rename it over.

    The temporary name never ends in `.parquet`: DuckDB's globs match hidden files too.
    """
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        write(temporary)
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_json(path: Path, value: object) -> None:
    """Write a JSON file in one step (see `replace_file`)."""
    text = json.dumps(value, indent=1, sort_keys=True)
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))

"""A Parquet file that grows in parts, so that a killed process keeps what it has finished."""

import shutil
from pathlib import Path

import polars as pl

from acecoder_dagster.files import replace_file


class PartFile:
    """A file whose rows are written in parts beside it, and joined at the end.

    A kill at any moment costs at most the part that is being written.
    """

    def __init__(self, path: Path, schema: pl.Schema, key: str, fingerprint: str) -> None:
        """Keep the parts that were written with the same fingerprint, and delete all others.

        Args:
            path: The file to make.
            schema: Its columns.
            key: The column that names what a row belongs to, for `keys`.
            fingerprint: A hash of everything that the rows depend on.
        """
        self._path = path
        self._schema = schema
        self._key = key
        self._folder = path.with_name(f"{path.name}.parts")
        marker = self._folder / "fingerprint"
        if not marker.exists() or marker.read_text() != fingerprint:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            marker.write_text(fingerprint)

    def keys(self) -> set[str]:
        """Return the keys of the rows in all finished parts."""
        return {key for part in self._parts() for key in pl.read_parquet(part, columns=[self._key])[self._key]}

    def write(self, rows: list[dict[str, object]]) -> None:
        """Add a part."""
        if not rows:
            return
        part = self._folder / f"{len(self._parts()):06}.parquet"
        replace_file(part, pl.DataFrame(rows, schema=self._schema).write_parquet)

    def finish(self, sort_by: list[str]) -> None:
        """Join all parts into the file, sorted by these columns, and delete them."""
        parts = self._parts()
        rows = pl.scan_parquet(parts) if parts else pl.LazyFrame(schema=self._schema)
        replace_file(self._path, rows.sort(sort_by).sink_parquet)
        shutil.rmtree(self._folder)

    def _parts(self) -> list[Path]:
        return sorted(self._folder.glob("*.parquet"))

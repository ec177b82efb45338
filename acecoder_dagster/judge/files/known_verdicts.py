"""Keeps verdicts in an SQLite file beside the file of verdicts, so that a judge that was killed can go on.

Its statements are in `sql/known_verdicts`.
"""

import json
import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Any

from acecoder_dagster.judge.files.errors import JudgeFileError
from acecoder_dagster.paths import project_folder

ENDING = ".judged"
_ADVICE = {
    "SQLITE_BUSY": "another process is judging into this file: wait for it, or name another file of verdicts",
    "SQLITE_FULL": "what was judged is kept: make room on the disk and start again",
    "SQLITE_IOERR": "what was judged is kept: check the disk, make room there and start again",
    "SQLITE_CANTOPEN": "check that its folder is there and can be written to",
    "SQLITE_READONLY": "it must be possible to write to it",
}
_DAMAGED = "the verdicts kept there are damaged: delete it, and the programs are judged anew"


class KnownVerdicts:
    """Verdicts by a key that stands for everything they depend on. Use it as a context manager.

    A verdict is kept from the moment `add` returns, even if the process is killed then. Only one process at a time can
    have the file open.
    """

    def __init__(self, out: Path) -> None:
        """Open the verdicts that belong to a file; there are none at first.

        Args:
            out: the file that the verdicts are for. They lie beside it, under its name and `.judged`.

        Raises:
            JudgeFileError: another process has them open, or they cannot be read.
        """
        self._path = out.with_name(out.name + ENDING)
        statements = project_folder("sql") / "known_verdicts"
        self._statements = {path.stem: path.read_text(encoding="utf-8") for path in statements.glob("*.sql")}
        try:
            self._database = sqlite3.connect(self._path, isolation_level=None, timeout=1)
            self._database.executescript(self._statements["open"])
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def __enter__(self) -> "KnownVerdicts":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, key: bytes, fields: dict[str, Any], *, is_final: bool) -> None:
        """Keep a verdict, in place of an earlier one with this key.

        Args:
            key: what it depends on.
            fields: the verdict, as JSON can hold it.
            is_final: False where the program is to be judged again.

        Raises:
            JudgeFileError: it cannot be written, as on a full disk; all earlier ones are kept.
        """
        values = (key, is_final, json.dumps(fields))
        try:
            self._database.execute(self._statements["keep"], values)
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def is_final(self, key: bytes) -> bool:
        """Tell whether there is a verdict, and its program need not be judged again.

        Raises:
            JudgeFileError: the verdicts cannot be read.
        """
        row = self._row("is_final", key)
        return row is not None and bool(row[0])

    def get(self, key: bytes) -> dict[str, Any] | None:
        """Return the fields of a verdict, final or not; None where there is none.

        Raises:
            JudgeFileError: the verdicts cannot be read.
        """
        row = self._row("fields", key)
        return None if row is None else json.loads(row[0])

    def _row(self, statement: str, key: bytes) -> tuple[Any, ...] | None:
        try:
            found: tuple[Any, ...] | None = self._database.execute(self._statements[statement], (key,)).fetchone()
        except sqlite3.Error as error:
            raise self._explained(error) from error
        return found

    def _explained(self, error: sqlite3.Error) -> JudgeFileError:
        name = getattr(error, "sqlite_errorname", "")
        advice = next((advice for prefix, advice in _ADVICE.items() if name.startswith(prefix)), _DAMAGED)
        return JudgeFileError([f"{self._path}: {error}: {advice}"])

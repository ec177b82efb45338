"""Answers of a model, and the cache of answers, so that none is paid for twice."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType

_CREATE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)"
_KEEP = "INSERT OR IGNORE INTO answers VALUES (?, ?)"
_FIND = "SELECT answer FROM answers WHERE key = ?"


@dataclass(frozen=True)
class Answer:
    """What came of one request.

    Attributes:
        text: the model's words; empty where there is no answer.
        problem: why there is none, None where there is one.
        refused: whether the endpoint refuses the request, so that asking again is of no use.
        finish_reason: stop, length, or what else the endpoint says.
        model: the model that answered, in the endpoint's words.
        prompt_tokens: tokens of the request as the endpoint counts them, None where it does not say.
        completion_tokens: tokens of the answer, likewise.
        attempts: how often it was asked in all.
        seconds: from the first attempt to the answer.
        reused: whether it comes from the cache: nothing was asked, nothing is paid.
    """

    text: str = ""
    problem: str | None = None
    refused: bool = False
    finish_reason: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    attempts: int = 0
    seconds: float = 0.0
    reused: bool = False


class AnswerCache:
    """Answers by content key, in one SQLite file. Each is on disk as soon as it has come."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(file, isolation_level=None, timeout=60)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(_CREATE)

    def __enter__(self) -> "AnswerCache":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def keep(self, key: str, answer: Answer) -> None:
        """Keep an answer; the first of a key stays."""
        self._connection.execute(_KEEP, (key, json.dumps(asdict(answer))))

    def find(self, keys: Iterable[str]) -> dict[str, Answer]:
        """Return the answers that are there, marked as reused."""
        found = ((key, self._connection.execute(_FIND, (key,)).fetchone()) for key in keys)
        return {key: replace(Answer(**json.loads(row[0])), reused=True) for key, row in found if row is not None}

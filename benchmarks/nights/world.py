"""What happens to the inbox day by day, and which rows there must be after each night."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

QUESTIONS_PER_FILE = 3
PROGRAMS_PER_QUESTION = 2
BROKEN = "broken.jsonl"


@dataclass(frozen=True)
class Day:
    """What happens on one day, before its night.

    Attributes:
        arrive: files that arrive.
        change: questions that change, each in another file.
        shrink: files of which a question vanishes.
        remove: files that vanish, with `acecoder batches remove`.
        broken: whether a broken file arrives.
        mended: whether a broken file is mended.
        killed: whether the machine is killed in the night.
    """

    arrive: int = 0
    change: int = 0
    shrink: int = 0
    remove: int = 0
    broken: bool = False
    mended: bool = False
    killed: bool = False


@dataclass
class World:
    """Files in an inbox.

    Attributes:
        inbox: the folder.
        files: by file, the number that each of its questions adds.
        pending: programs that no night has executed yet.
        removed: names of imports that were removed on this day.
    """

    inbox: Path
    files: dict[str, dict[int, int]] = field(default_factory=dict)
    pending: int = 0
    removed: list[str] = field(default_factory=list)
    _arrived: int = 0
    _numbers: int = 0

    @property
    def rows(self) -> tuple[int, int, int, int]:
        """Questions, programs, verdicts and right programs that there must be."""
        questions = sum(len(questions) for questions in self.files.values())
        programs = questions * PROGRAMS_PER_QUESTION
        return questions, programs, programs, questions

    def live(self, day: Day) -> list[str]:
        """Let a day happen; return the files that are new or changed."""
        touched = [f"file{self._arrived + number:02}" for number in range(day.arrive)]
        self._arrived += day.arrive
        for name in touched:
            self.files[name] = {self._number(): 1 for _ in range(QUESTIONS_PER_FILE)}
            self.pending += QUESTIONS_PER_FILE * PROGRAMS_PER_QUESTION
        oldest = [name for name in self.files if name not in touched]
        for name in oldest[: day.change]:
            changed = min(self.files[name])
            self.files[name][changed] += 1
            self.pending += PROGRAMS_PER_QUESTION
        for name in oldest[-day.shrink :] if day.shrink else []:
            del self.files[name][max(self.files[name])]
        self.removed = oldest[1 : 1 + day.remove]
        for name in self.removed:
            del self.files[name]
            (self.inbox / f"{name}.jsonl").unlink()
        touched += [*oldest[: day.change], *(oldest[-day.shrink :] if day.shrink else [])]
        for name in touched:
            (self.inbox / f"{name}.jsonl").write_text(lines(name, self.files[name]))
        if day.broken:
            (self.inbox / BROKEN).write_text("{this is not JSON")
        if day.mended:
            name = Path(BROKEN).stem
            self.files[name] = {self._number(): 1}
            self.pending += PROGRAMS_PER_QUESTION
            (self.inbox / BROKEN).write_text(lines(name, self.files[name]))
            touched.append(name)
        return touched

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers


WEEK = (Day(arrive=2), Day(change=1), Day(arrive=1, killed=True), Day(), Day(shrink=1, broken=True), Day())
"""Six nights, for a test: the fourth finishes what the third was killed in, the last has nothing to do."""

MONTH = (
    *WEEK,
    Day(mended=True),
    Day(arrive=1, change=1),
    Day(arrive=1),
    Day(remove=1),
    Day(),
    Day(change=2),
    Day(arrive=2),
    Day(change=1, shrink=1),
    Day(),
    Day(arrive=1, change=2, killed=True),
    Day(arrive=1),
    Day(change=3),
    Day(),
    Day(remove=1, arrive=1),
    Day(change=1),
    Day(arrive=1, shrink=1),
    Day(),
    Day(change=2),
    Day(arrive=1),
    Day(change=1, arrive=1),
    Day(),
    Day(remove=1),
    Day(change=4),
    Day(),
)
"""Thirty nights."""


def lines(file: str, questions: dict[int, int]) -> str:
    """Return a file in the published schema: questions with five tests and two programs each, one right, one wrong."""
    return "".join(json.dumps(_question(file, number, adds)) + "\n" for number, adds in sorted(questions.items()))


def _question(file: str, number: int, adds: int) -> dict[str, object]:
    bodies: Sequence[str] = (f"x + {adds}", "x")
    return {
        "id": f"{file}-{number}",
        "source": "made",
        "question": f"Write add_{number}(x): x plus {adds}.",
        "test_cases": [f"assert add_{number}({x}) == {x + adds}" for x in range(5)],
        "inferences": [
            {"model_name": "m", "completion_id": place, "completion": f"def add_{number}(x):\n    return {body}\n"}
            for place, body in enumerate(bodies)
        ],
    }

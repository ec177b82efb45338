"""One kind of tests of one task, as the judge takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

KIND = Literal["base", "plus", "all"]


@dataclass(frozen=True)
class Question:
    """The tests of a task, of one kind.

    Attributes:
        task_id: the task.
        kind: base or plus for EvalPlus, else all.
        entry_point: see `judge.QuestionTests`, as all that follow but the last.
        setup_code: as there.
        tests: as there.
        test_code: as there.
        io_tests: as there.
        cpu_seconds: as there.
        problem: why there are no tests.
    """

    task_id: str
    kind: KIND
    entry_point: str
    setup_code: str = ""
    tests: tuple[str, ...] = ()
    test_code: str = ""
    io_tests: tuple[dict[str, str], ...] = ()
    cpu_seconds: float | None = None
    problem: str = ""

    @property
    def question_id(self) -> str:
        """Id for the judge: the task's, and the kind where there are several."""
        return question_id(self.task_id, self.kind)

    def row(self) -> dict[str, Any]:
        """Return the question as a row for `judge.files`."""
        return {
            "question_id": self.question_id,
            "entry_point": self.entry_point,
            "setup_code": self.setup_code,
            "tests": list(self.tests),
            "test_code": self.test_code,
            "io_tests": list(self.io_tests),
            "cpu_seconds": self.cpu_seconds,
        }


def question_id(task_id: str, kind: KIND) -> str:
    """Return the id that the judge knows the tests by."""
    return task_id if kind == "all" else f"{task_id} {kind}"

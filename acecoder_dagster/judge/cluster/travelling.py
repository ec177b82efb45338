"""What travels between this machine and the nodes: tasks there, verdicts and observations back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from acecoder_dagster.judge.run.tasks import Judged
from acecoder_dagster.judge.run.workers import Workers
from acecoder_dagster.judge.types import Observation, QuestionTests, Verdict


@dataclass(frozen=True, slots=True)
class NodeSandboxes:
    """What the verdicts of a node depend on. All nodes have to have the same.

    Attributes:
        launcher: what starts the sandboxes.
        identity: what programs see in them, as `sandbox.Launcher` has it.
        code: names the judge's code, see `code_digest`.
    """

    launcher: str
    identity: tuple[str, ...]
    code: str

    def __str__(self) -> str:
        return f"{self.launcher}, {' '.join(self.identity)}, code {self.code}"


@dataclass(frozen=True, slots=True)
class Programs:
    """The task to judge programs of one question; what is sent back is a verdict each, None for one postponed."""

    question: QuestionTests
    programs: tuple[str, ...]
    in_hurry: bool

    def submit(self, workers: Workers) -> Future[Judged]:
        """Have it done on a node."""
        return workers.judge_programs(self.question, self.programs, self.in_hurry)

    def answer(self, judged: Judged) -> list[Verdict | None]:
        """Return what is sent back: without the question, which this machine has."""
        return [judged.verdicts.get((self.question, program)) for program in self.programs]

    def result(self, answer: Sequence[Verdict | None]) -> Judged:
        """Return what was judged, from what was sent back."""
        keys = [(self.question, program) for program in self.programs]
        known = {key: verdict for key, verdict in zip(keys, answer, strict=True) if verdict is not None}
        return Judged(known, [key for key in keys if key not in known])

    @property
    def is_short(self) -> bool:
        """Whether others may be sent with it."""
        return self.in_hurry

    @property
    def count(self) -> int:
        """How many programs are run."""
        return len(self.programs)


@dataclass(frozen=True, slots=True)
class Calls:
    """The task to evaluate calls on one program; what is sent back is an observation each."""

    program: str
    setup_code: str
    calls: tuple[str, ...]
    is_short = False
    count = 1

    def submit(self, workers: Workers) -> Future[list[Observation]]:
        """Have it done on a node."""
        return workers.observe_calls(self.program, self.setup_code, self.calls)

    def answer(self, observed: list[Observation]) -> list[Observation]:
        """Return what is sent back: all of it."""
        return observed

    def result(self, answer: list[Observation]) -> list[Observation]:
        """Return what was observed: all that was sent back."""
        return answer


Task = Programs | Calls


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node sends back for a batch.

    Attributes:
        packed: the answers to its tasks, in their order, pickled.
        seconds: how long the worker was at it.
    """

    packed: bytes
    seconds: float


def code_digest() -> str:
    """Return 12 hexadecimal digits that change with the code of the judge, which every node has to have the same."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(str(file.relative_to(package)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]

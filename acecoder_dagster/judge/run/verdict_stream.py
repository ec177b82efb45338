"""Turns a stream of jobs into a stream of verdicts, with a bounded amount of work under way."""

from __future__ import annotations

import queue
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace

from acecoder_dagster.judge.types import JudgeClosedError, Outcome, ProgramJob, QuestionTests, Verdict

BATCH_SIZE = 16
BATCHES_PER_WORKER = 3
POSTPONED_PER_WORKER = 64
MAX_REMEMBERED = 4096

Key = tuple[QuestionTests, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a batch: verdicts by question and program, and the programs that take long."""

    verdicts: dict[Key, Verdict]
    postponed: list[Key]


Submit = Callable[[QuestionTests, Sequence[str], bool], Future[Judged]]


class VerdictStream:
    """One pass over jobs: batches in a hurry first, what takes long alone and when a worker has nothing else."""

    def __init__(self, submit: Submit, workers: int) -> None:
        """Begin with nothing under way.

        Args:
            submit: has a batch judged: a question, programs, whether to postpone those that take long.
            workers: how many batches are judged at the same time.
        """
        self._submit_batch = submit
        self._workers = workers
        self._finished: queue.SimpleQueue[Future[Judged]] = queue.SimpleQueue()
        self._waiting: dict[Key, list[ProgramJob]] = {}
        self._known: OrderedDict[Key, Verdict] = OrderedDict()
        self._postponed: deque[Key] = deque()
        self._under_way = 0

    def verdicts(self, jobs: Iterable[ProgramJob]) -> Iterator[Verdict]:
        """Yield a verdict for every job, as they become known.

        Raises:
            JudgeClosedError: the judge was closed meanwhile.
        """
        for batch in _batches(jobs):
            yield from self._add(batch)
            while self._under_way and (self._is_full() or not self._finished.empty()):
                yield from self._deliver()
            # What takes long waits until a worker would be idle, or too much of it waits to be kept.
            while self._postponed and (
                self._under_way < self._workers or len(self._postponed) > self._workers * POSTPONED_PER_WORKER
            ):
                self._submit_postponed()
                while self._is_full():
                    yield from self._deliver()
        while self._under_way or self._postponed:
            while self._postponed and not self._is_full():
                self._submit_postponed()
            yield from self._deliver()

    def _add(self, batch: Sequence[ProgramJob]) -> Iterator[Verdict]:
        new: list[str] = []
        for job in batch:
            key = (job.question, job.program)
            if key in self._known:
                yield _addressed(self._known[key], job)
            elif key in self._waiting:
                self._waiting[key].append(job)
            else:
                self._waiting[key] = [job]
                new.append(job.program)
        if new:
            self._submit(batch[0].question, new, in_hurry=True)

    def _submit(self, question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> None:
        self._submit_batch(question, programs, in_hurry).add_done_callback(self._finished.put)
        self._under_way += 1

    def _submit_postponed(self) -> None:
        question, program = self._postponed.popleft()
        self._submit(question, [program], in_hurry=False)

    def _is_full(self) -> bool:
        return self._under_way >= self._workers * BATCHES_PER_WORKER

    def _deliver(self) -> Iterator[Verdict]:
        try:
            judged = self._finished.get().result()
        except CancelledError:
            raise JudgeClosedError("the judge was closed") from None
        self._under_way -= 1
        self._postponed.extend(judged.postponed)
        for key, verdict in judged.verdicts.items():
            if Outcome.JUDGE_ERROR not in verdict.outcomes:
                self._known[key] = verdict
                if len(self._known) > MAX_REMEMBERED:
                    self._known.popitem(last=False)
            for job in self._waiting.pop(key):
                yield _addressed(verdict, job)


def _batches(jobs: Iterable[ProgramJob]) -> Iterator[list[ProgramJob]]:
    """Group consecutive jobs of one question."""
    batch: list[ProgramJob] = []
    for job in jobs:
        if batch and (len(batch) == BATCH_SIZE or job.question != batch[0].question):
            yield batch
            batch = []
        batch.append(job)
    if batch:
        yield batch


def _addressed(verdict: Verdict, job: ProgramJob) -> Verdict:
    return replace(verdict, question_id=job.question.question_id, program_id=job.program_id)

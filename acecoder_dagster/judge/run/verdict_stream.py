"""Turns a stream of jobs into a stream of verdicts, while only so many groups are being judged at once."""

from __future__ import annotations

import queue
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import replace

from acecoder_dagster.judge.run.tasks import Judged, Key
from acecoder_dagster.judge.run.workers import Workers
from acecoder_dagster.judge.types import JudgeClosedError, Outcome, ProgramJob, QuestionTests, Verdict

GROUP_SIZE = 16
POSTPONED_PER_WORKER = 64
MAX_REMEMBERED = 4096


class VerdictStream:
    """One pass over jobs.

    Groups are judged in a hurry first. A program that takes long is postponed, and judged alone when a worker has
    nothing else to do. A program that occurs twice with the same question is judged once.
    """

    def __init__(self, workers: Workers) -> None:
        """Read nothing yet.

        Args:
            workers: judge the groups. There may be more or fewer of them later.
        """
        self._workers = workers
        self._finished: queue.SimpleQueue[Future[Judged]] = queue.SimpleQueue()
        self._waiting_jobs: dict[Key, list[ProgramJob]] = {}
        self._known: OrderedDict[Key, Verdict] = OrderedDict()
        self._postponed: deque[Key] = deque()
        self._groups_under_way = 0

    def verdicts(self, jobs: Iterable[ProgramJob]) -> Iterator[Verdict]:
        """Judge programs.

        Args:
            jobs: read as they are needed.

        Yields:
            One verdict per job, as soon as it is known.

        Raises:
            JudgeClosedError: the judge was closed meanwhile.
        """
        for group in _groups(jobs):
            yield from self._add(group)
            while self._groups_under_way and (self._is_full() or not self._finished.empty()):
                yield from self._deliver()
            while self._should_judge_postponed():
                self._submit_postponed()
                while self._is_full():
                    yield from self._deliver()
        while self._groups_under_way or self._postponed:
            while self._postponed and not self._is_full():
                self._submit_postponed()
            yield from self._deliver()

    def _add(self, group: Sequence[ProgramJob]) -> Iterator[Verdict]:
        new: list[str] = []
        for job in group:
            key = (job.question, job.program)
            if key in self._known:
                yield _for_job(self._known[key], job)
            elif key in self._waiting_jobs:
                self._waiting_jobs[key].append(job)
            else:
                self._waiting_jobs[key] = [job]
                new.append(job.program)
        if new:
            self._submit_group(group[0].question, new, in_hurry=True)

    def _submit_group(self, question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> None:
        self._workers.judge_programs(question, programs, in_hurry).add_done_callback(self._finished.put)
        self._groups_under_way += 1

    def _should_judge_postponed(self) -> bool:
        """Whether a worker would be idle otherwise, or too many programs would be kept waiting."""
        if not self._postponed:
            return False
        has_idle_worker = self._groups_under_way < self._workers.size
        return has_idle_worker or len(self._postponed) > self._workers.size * POSTPONED_PER_WORKER

    def _submit_postponed(self) -> None:
        question, program = self._postponed.popleft()
        self._submit_group(question, [program], in_hurry=False)

    def _is_full(self) -> bool:
        return self._groups_under_way >= self._workers.groups_at_once

    def _deliver(self) -> Iterator[Verdict]:
        try:
            judged = self._finished.get().result()
        except CancelledError:
            raise JudgeClosedError("the judge was closed") from None
        self._groups_under_way -= 1
        self._postponed.extend(judged.postponed)
        for key, verdict in judged.verdicts.items():
            if Outcome.JUDGE_ERROR not in verdict.outcomes:
                self._known[key] = verdict
                if len(self._known) > MAX_REMEMBERED:
                    self._known.popitem(last=False)
            for job in self._waiting_jobs.pop(key):
                yield _for_job(verdict, job)


def _groups(jobs: Iterable[ProgramJob]) -> Iterator[list[ProgramJob]]:
    """Group consecutive jobs of one question."""
    group: list[ProgramJob] = []
    for job in jobs:
        if group and (len(group) == GROUP_SIZE or job.question != group[0].question):
            yield group
            group = []
        group.append(job)
    if group:
        yield group


def _for_job(verdict: Verdict, job: ProgramJob) -> Verdict:
    """The verdict with the ids of one of the jobs that it answers."""
    return replace(verdict, question_id=job.question.question_id, program_id=job.program_id)

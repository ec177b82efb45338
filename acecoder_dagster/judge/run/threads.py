"""Threads that do tasks. Each has a worker of its own, and begins one task before it finishes the last."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from acecoder_dagster.judge.run.worker import Worker
from acecoder_dagster.judge.types import JudgeClosedError

TASKS_AT_ONCE = 2  # of one worker: while its sandbox is at work on one task, the next one already waits there

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """Work for one worker, in two parts, so that another task can be begun in between.

    Attributes:
        is_short: whether it may be begun while its worker still has to finish another one. A task that takes long must
            not be: it would wait for its worker even when all others have nothing to do.
    """

    @property
    def is_short(self) -> bool:
        """Whether it may be begun while its worker is busy."""

    def begin(self, worker: Worker) -> None:
        """Give work to the worker's sandboxes, and wait for nothing."""

    def finish(self, worker: Worker) -> Result_co:
        """Wait for what was begun, and return what came of it."""


@dataclass(frozen=True, slots=True)
class _Submitted:
    task: Task[Any]
    future: Future[Any]


class WorkerThreads:
    """A number of threads, each with a worker of its own, and the tasks that wait for them."""

    def __init__(self, size: int, new_worker: Callable[[], Worker]) -> None:
        """Start no thread yet: each is started when it is needed.

        Args:
            size: how many threads there may be.
            new_worker: makes the worker of a thread.
        """
        self._size = size
        self._new_worker = new_worker
        self._workers: list[Worker] = []
        self._threads: list[threading.Thread] = []
        self._queue: deque[_Submitted] = deque()
        self._changed = threading.Condition()
        self._idle_threads = 0
        self._is_closed = False

    def submit(self, task: Task[Result]) -> Future[Result]:
        """Put a task in the queue.

        Args:
            task: what a worker is to begin and to finish.

        Returns:
            Its result, once there is one. It is cancelled when `close` is called before the task was begun.

        Raises:
            JudgeClosedError: `close` was called.
        """
        submitted = _Submitted(task, Future())
        with self._changed:
            if self._is_closed:
                raise JudgeClosedError("the judge was closed")
            self._queue.append(submitted)
            if len(self._queue) > self._idle_threads and len(self._threads) < self._size:
                self._workers.append(self._new_worker())
                # A daemon: a judge that nobody closes must not keep the process alive. Its sandboxes end with it.
                thread = threading.Thread(target=self._work, args=self._workers[-1:], name="judge", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()
        return submitted.future

    def close(self) -> None:
        """End all tasks and all sandboxes at once, and return when nothing of them is left."""
        with self._changed:
            self._is_closed = True
            for submitted in self._queue:
                submitted.future.cancel()
            self._queue.clear()
            self._changed.notify_all()
        for worker in self._workers:
            worker.interrupt()
        for thread in self._threads:
            thread.join()

    def _work(self, worker: Worker) -> None:
        begun: deque[_Submitted] = deque()
        try:
            while (submitted := self._next(is_idle=not begun)) or begun:
                is_short = submitted is not None and submitted.task.is_short
                while begun and not is_short:
                    _finish(begun.popleft(), worker)
                if submitted and _begin(submitted, worker):
                    begun.append(submitted)
                if begun and (len(begun) == TASKS_AT_ONCE or not is_short):
                    _finish(begun.popleft(), worker)
        finally:
            # Before the thread ends: bubblewrap would kill its sandboxes then, and nobody would wait for them to end.
            worker.close()

    def _next(self, is_idle: bool) -> _Submitted | None:
        """Take the oldest task of the queue; an idle thread waits for one.

        Returns:
            None when `close` was called. None, too, for a thread that is not idle while enough others are.
        """
        with self._changed:
            if not is_idle and len(self._queue) <= self._idle_threads:
                return None
            self._idle_threads += 1
            while not self._queue and not self._is_closed:
                self._changed.wait()
            self._idle_threads -= 1
            return self._queue.popleft() if self._queue else None


def _begin(submitted: _Submitted, worker: Worker) -> bool:
    """Begin a task; return whether there is something to finish."""
    if not submitted.future.set_running_or_notify_cancel():
        return False
    try:
        submitted.task.begin(worker)
    except BaseException as error:
        submitted.future.set_exception(error)
        return False
    return True


def _finish(submitted: _Submitted, worker: Worker) -> None:
    try:
        submitted.future.set_result(submitted.task.finish(worker))
    except BaseException as error:
        submitted.future.set_exception(error)

"""Threads with a worker each, which begin a task before they have finished the last."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from acecoder_dagster.judge.run.worker import Worker
from acecoder_dagster.judge.types import JudgeClosedError

TASKS_AT_ONCE = 2  # of a worker: its sandbox has the next one when it comes back from the last

_Result = TypeVar("_Result")
Steps = Generator[None, None, _Result]
"""A task under way. It yields once, when it has begun and only has to wait: its worker may begin another one."""

Task = Callable[[Worker], Steps[_Result]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    task: Task[Any]
    is_short: bool
    future: Future[Any]


class Crew:
    """A number of workers, each with a thread of its own, for tasks that wait in line."""

    def __init__(self, size: int, new_worker: Callable[[], Worker]) -> None:
        """Begin with no thread; they are started when they are needed.

        Args:
            size: how many threads there may be.
            new_worker: makes the worker of each.
        """
        self._size = size
        self._new_worker = new_worker
        self._workers: list[Worker] = []
        self._threads: list[threading.Thread] = []
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._free = 0
        self._is_closed = False

    def submit(self, task: Task[_Result], is_short: bool) -> Future[_Result]:
        """Have a task done.

        Args:
            task: what to do with a worker.
            is_short: whether it may be begun while its worker is busy with another one: it would wait for that even if
                all other workers had nothing to do.

        Returns:
            Its result, once there is one; cancelled where the crew is closed before it was begun.

        Raises:
            JudgeClosedError: the crew is closed.
        """
        waiting = _Waiting(task, is_short, Future())
        with self._changed:
            if self._is_closed:
                raise JudgeClosedError("the judge was closed")
            self._waiting.append(waiting)
            if len(self._waiting) > self._free and len(self._threads) < self._size:
                self._workers.append(self._new_worker())
                # A judge that nobody closes must not keep the process: its sandboxes end with it.
                thread = threading.Thread(target=self._work, args=self._workers[-1:], name="judge", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()
        return waiting.future

    def close(self) -> None:
        """End all tasks, at once, and all sandboxes; nothing of them is left afterwards."""
        with self._changed:
            self._is_closed = True
            for waiting in self._waiting:
                waiting.future.cancel()
            self._waiting.clear()
            self._changed.notify_all()
        for worker in self._workers:
            worker.interrupt()
        for thread in self._threads:
            thread.join()

    def _work(self, worker: Worker) -> None:
        begun: deque[tuple[Steps[Any], Future[Any]]] = deque()
        try:
            while (waiting := self._next(is_free=not begun)) or begun:
                is_short = waiting is not None and waiting.is_short
                while begun and not is_short:
                    _go_on(*begun.popleft())
                if waiting:
                    _begin(waiting, worker, begun)
                if begun and (len(begun) == TASKS_AT_ONCE or not is_short):
                    _go_on(*begun.popleft())
        finally:
            # Before the thread ends: bubblewrap would kill them then, and nobody would wait for the last process.
            worker.close()

    def _next(self, is_free: bool) -> _Waiting | None:
        """Take the task that waits longest.

        Returns:
            None where the crew is closed or, for a thread that is not free, where it is for others to take.
        """
        with self._changed:
            if not is_free and len(self._waiting) <= self._free:
                return None
            self._free += 1
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            self._free -= 1
            return self._waiting.popleft() if self._waiting else None


def _begin(waiting: _Waiting, worker: Worker, begun: deque[tuple[Steps[Any], Future[Any]]]) -> None:
    if waiting.future.set_running_or_notify_cancel():
        steps = waiting.task(worker)
        if not _go_on(steps, waiting.future):
            begun.append((steps, waiting.future))


def _go_on(steps: Steps[Any], future: Future[Any]) -> bool:
    """Go on to where a task yields, or to its end; say whether it has ended."""
    try:
        next(steps)
    except StopIteration as end:
        future.set_result(end.value)
    except BaseException as error:
        future.set_exception(error)
    else:
        return False
    return True

"""Tasks of two parts, done by threads; no sandbox is started for them."""

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError

import pytest

from acecoder_dagster.judge.run.threads import WorkerThreads
from acecoder_dagster.judge.types import JudgeClosedError


class SomeWorker:
    """Notes what happens to it, in the place of one that has sandboxes."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def interrupt(self) -> None:
        self.done.append("interrupted")

    def close(self) -> None:
        self.done.append("closed")


class SomeTask:
    """Notes on its worker when it is begun and finished; its result is the name of its thread."""

    def __init__(self, name: str, is_short: bool = True) -> None:
        self.name = name
        self.is_short = is_short
        self.is_taken = threading.Event()
        self.may_begin = threading.Event()
        self.may_begin.set()

    def begin(self, worker: SomeWorker) -> None:
        self.is_taken.set()
        self.may_begin.wait()
        worker.done.append(f"begin {self.name}")

    def finish(self, worker: SomeWorker) -> str:
        worker.done.append(f"finish {self.name}")
        return threading.current_thread().name


class FailingTask(SomeTask):
    def begin(self, worker: SomeWorker) -> None:
        raise ZeroDivisionError(self.name)


@pytest.fixture
def worker() -> SomeWorker:
    return SomeWorker()


@pytest.fixture
def threads(worker: SomeWorker) -> Iterator[WorkerThreads]:
    threads = WorkerThreads(1, lambda: worker)
    yield threads
    threads.close()


def waiting_together(threads: WorkerThreads, *tasks: SomeTask) -> None:
    """Submit tasks so that all wait when the first is begun, and wait until all are finished."""
    tasks[0].may_begin.clear()
    futures = [threads.submit(task) for task in tasks]
    tasks[0].may_begin.set()
    for future in futures:
        future.result()


def test_a_short_task_is_begun_before_the_one_before_it_is_finished(threads, worker):
    waiting_together(threads, SomeTask("a"), SomeTask("b"), SomeTask("c"))
    assert worker.done == ["begin a", "begin b", "finish a", "begin c", "finish b", "finish c"]


def test_a_task_that_takes_long_is_begun_when_all_others_of_its_worker_are_finished(threads, worker):
    waiting_together(threads, SomeTask("a"), SomeTask("long", is_short=False), SomeTask("b"))
    assert worker.done == ["begin a", "finish a", "begin long", "finish long", "begin b", "finish b"]


def test_a_task_that_cannot_be_begun_raises_its_error_and_the_next_is_done(threads, worker):
    failing = threads.submit(FailingTask("no"))
    assert threads.submit(SomeTask("a")).result() == "judge"
    with pytest.raises(ZeroDivisionError, match="no"):
        failing.result()
    assert "finish no" not in worker.done


def test_closing_cancels_what_waits_ends_the_workers_and_refuses_more(threads, worker):
    begun, waiting = SomeTask("begun", is_short=False), SomeTask("waiting")
    begun.may_begin.clear()
    futures = [threads.submit(task) for task in (begun, waiting)]
    begun.is_taken.wait()
    closing = threading.Thread(target=threads.close)
    closing.start()
    with pytest.raises(CancelledError):
        futures[1].result()
    begun.may_begin.set()
    closing.join()
    assert futures[0].result() == "judge"
    assert worker.done[-1] == "closed"
    assert "interrupted" in worker.done
    with pytest.raises(JudgeClosedError):
        threads.submit(SomeTask("late"))

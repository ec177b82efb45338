"""How tasks are shared out among the workers of a cluster."""

from collections import deque
from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from acecoder_dagster.judge.cluster.connection import Node
from acecoder_dagster.judge.cluster.seats import Batch, Seat, Waiting, hand_out, tasks_per_batch


def seats(count: int) -> list[Seat]:
    """Return workers that have nothing to do."""
    return [Seat(None, Node(str(number), str(number), 1), is_ready=True) for number in range(count)]


def sent(tasks: int, workers: list[Seat], most: int, is_short: bool = True) -> list[int]:
    """Return how many tasks each batch has that workers are given, in order."""
    queue = deque(Waiting(SimpleNamespace(is_short=is_short, count=16), Future()) for _ in range(tasks))
    sizes = []

    def send(seat: Seat, batch: Batch) -> None:
        seat.batches.append(batch)
        sizes.append(len(batch.tasks))

    hand_out(queue, workers, most, send)
    return sizes


@pytest.mark.parametrize(("seconds", "tasks"), [(0.0, 8), (0.01, 8), (0.1, 4), (0.32, 1), (60.0, 1)])
def test_a_batch_has_fewer_tasks_where_each_takes_long(seconds: float, tasks: int) -> None:
    assert tasks_per_batch(seconds) == tasks


def test_idle_workers_share_what_waits() -> None:
    assert sent(5, seats(4), most=8) == [2, 1, 1, 1]


def test_a_worker_at_work_is_given_one_whole_batch_on_top() -> None:
    workers = seats(2)
    assert sent(100, workers, most=4) == [4, 4, 4, 4]
    assert sent(100, workers, most=4) == []


def test_a_worker_at_work_is_given_no_part_of_a_batch() -> None:
    workers = seats(1)
    assert sent(4, workers, most=4) == [4]
    assert sent(3, workers, most=4) == []


def test_a_task_that_takes_long_goes_alone_to_an_idle_worker() -> None:
    assert sent(3, seats(2), most=4, is_short=False) == [1, 1]

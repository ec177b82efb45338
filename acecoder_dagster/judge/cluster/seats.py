"""Workers on nodes as this machine sees them, and the batches that each has under way."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from acecoder_dagster.judge.cluster.connection import Node
from acecoder_dagster.judge.cluster.travelling import Task

MOST_TASKS_PER_BATCH = 8
"""Groups of up to 16 programs: enough work that a call over the network is nothing beside it."""

BATCH_SECONDS = 0.4
"""Work of one batch, unless one task takes longer: little is done twice when a node is lost, and near the end no worker
has much left while others have nothing."""

BATCHES_AT_ONCE = 2
"""Of one worker: while it is at work on one batch, the next one already waits there."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A task, and who waits for it.

    Attributes:
        task: what is to be done.
        future: for what comes of it.
        losses: how often the worker that had it was lost.
    """

    task: Task
    future: Future[Any]
    losses: int = 0


@dataclass(slots=True, eq=False)
class Batch:
    """Tasks that a worker was given together."""

    tasks: list[Waiting]

    @property
    def programs(self) -> int:
        """How many programs are run for it."""
        return sum(waiting.task.count for waiting in self.tasks)


@dataclass(slots=True, eq=False)
class Seat:
    """A worker on a node.

    Attributes:
        actor: Ray's handle.
        node: where it is.
        is_ready: whether it has said what its verdicts depend on.
        batches: what it has under way, the oldest first.
    """

    actor: Any
    node: Node
    is_ready: bool = False
    batches: list[Batch] = field(default_factory=list)

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do."""
        return self.is_ready and not self.batches

    @property
    def takes_another(self) -> bool:
        """Whether a batch may wait there while it is at work: not behind a task that takes long."""
        return (
            self.is_ready
            and 0 < len(self.batches) < BATCHES_AT_ONCE
            and all(waiting.task.is_short for batch in self.batches for waiting in batch.tasks)
        )


def tasks_per_batch(task_seconds: float) -> int:
    """Return how many tasks a batch has when one takes so long, in seconds; 0 where that is not known."""
    return max(1, min(MOST_TASKS_PER_BATCH, int(BATCH_SECONDS / max(task_seconds, 1e-9))))


def hand_out(queue: deque[Waiting], seats: Sequence[Seat], most: int, send: Callable[[Seat, Batch], None]) -> None:
    """Give waiting tasks to workers, the oldest first.

    Idle workers share what waits among themselves. One at work gets only whole batches on top, so that the stream of
    tasks does not fall into many small ones. A task that takes long goes alone to an idle worker.

    Args:
        queue: what waits; what is given away is taken from it.
        seats: all workers.
        most: tasks of one batch.
        send: has a worker do a batch.
    """
    idle = [seat for seat in seats if seat.is_idle]
    while queue and idle:
        share = math.ceil(len(queue) / len(idle))
        send(idle.pop(), _take(queue, min(share, most)))
    for seat in seats:
        if len(queue) < most or not queue[0].task.is_short:
            return
        if seat.takes_another:
            send(seat, _take(queue, most))


def _take(queue: deque[Waiting], most: int) -> Batch:
    tasks = [queue.popleft()]
    while tasks[0].task.is_short and queue and queue[0].task.is_short and len(tasks) < most:
        tasks.append(queue.popleft())
    return Batch(tasks)

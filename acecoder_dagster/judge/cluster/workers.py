"""This machine's end of a cluster: every core of every node is a worker, and has a few batches of programs under way.

One thread does all of it, and everything that happens is an entry in its inbox: a task that was asked for, an answer, a
worker that is lost. Nodes that join are used, and what a lost node had under way is done again by others. An answer is
taken once, and only of nodes whose sandboxes are like those of the first: so a verdict depends on no node.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from functools import partial
from typing import Any

from acecoder_dagster.judge.cluster.connection import Node, connect, nodes_of
from acecoder_dagster.judge.cluster.node import NodeWorker, OpenWorkers, difference
from acecoder_dagster.judge.cluster.seats import (
    BATCHES_AT_ONCE,
    MOST_TASKS_PER_BATCH,
    Batch,
    Seat,
    Waiting,
    hand_out,
    tasks_per_batch,
)
from acecoder_dagster.judge.cluster.travelling import Answer, Calls, NodeSandboxes, Programs, code_digest
from acecoder_dagster.judge.run.tasks import Judged
from acecoder_dagster.judge.run.workers import LocalWorkers
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import (
    JudgeClosedError,
    NodeSpeed,
    Observation,
    OtherSandboxError,
    QuestionTests,
    SandboxFailedError,
    SandboxUnavailableError,
)

LOOK_SECONDS = 1.0
"""Nodes that have joined are found after this time."""

PATIENCE_SECONDS = 300.0
"""Where all nodes are lost, the first new one is waited for so long."""

LEFT_OUT_SECONDS = 60.0
"""A node on which no sandbox can be started is tried again after this time."""

RECENT = 0.2
"""Weight of the last batch in how long a task takes."""

MOST_LOSSES = 10
"""A task whose worker was lost so often is not given to yet another one."""

_log = logging.getLogger(__name__)


class ClusterWorkers:
    """The workers of all nodes, for `run.workers.Workers`."""

    def __init__(self, settings: SandboxSettings, address: str, open_workers: OpenWorkers = LocalWorkers) -> None:
        """Connect, start a worker for each core, and wait for the first that can judge.

        Args:
            settings: how to judge.
            address: of the cluster.
            open_workers: opens the workers of a node, on that node.

        Raises:
            SandboxUnavailableError: there is no Ray, no cluster, or no node on which sandboxes can be started.
            OtherSandboxError: the node that answered first has other code than this machine.
        """
        settings.read_set()  # what is wrong with it is said before anything is started
        self._ray = connect(address)
        self._address = address
        requirements = settings.requirements.read_text(encoding="utf-8") if settings.requirements else None
        self._new_actor = partial(_start_actor, self._ray, settings, requirements, open_workers)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._queue: deque[Waiting] = deque()
        self._seats: list[Seat] = []
        self._left_out: dict[str, tuple[float, str]] = {}
        self._lost_at_start: Counter[str] = Counter()
        self._alone_since = time.monotonic()
        self._task_seconds = 0.0
        self._speeds: dict[str, NodeSpeed] = {}
        self._speeds_lock = threading.Lock()
        self._error: Exception | None = None
        self._is_closed = False
        self._expected: Future[NodeSandboxes] = Future()
        self._thread = threading.Thread(target=self._drive, name="cluster judge", daemon=True)
        self._thread.start()
        try:
            self._expected.result()
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        """What starts the sandboxes, and on how many nodes."""
        nodes = len({seat.node.number for seat in self._seats if seat.is_ready})
        return f"{self._expected.result().launcher} on {nodes} node{'s' * (nodes != 1)}"

    @property
    def identity(self) -> tuple[str, ...]:
        """What programs see in the sandboxes of all nodes."""
        return self._expected.result().identity

    @property
    def size(self) -> int:
        """How many workers can judge now; at least 1."""
        return max(1, sum(seat.is_ready for seat in self._seats))

    @property
    def groups_at_once(self) -> int:
        """Whole batches for every worker, and one more that is being filled."""
        return self.size * (BATCHES_AT_ONCE + 1) * MOST_TASKS_PER_BATCH

    def judge_programs(self, question: QuestionTests, programs: Sequence[str], in_hurry: bool) -> Future[Judged]:
        """Have programs of one question judged, see `run.workers.Workers`."""
        return self._submit(Waiting(Programs(question, tuple(programs), in_hurry), Future()))

    def observe_calls(self, program: str, setup_code: str, calls: Sequence[str]) -> Future[list[Observation]]:
        """Have calls of one program evaluated, see `run.workers.Workers`."""
        return self._submit(Waiting(Calls(program, setup_code, tuple(calls)), Future()))

    def take_speeds(self) -> list[NodeSpeed]:
        """Return what each node did since this was asked last; nodes that are lost now are among them."""
        with self._speeds_lock:
            taken, self._speeds = self._speeds, {}
        return [taken[name] for name in sorted(taken)]

    def close(self) -> None:
        """End all workers, whose sandboxes end with them."""
        self._is_closed = True
        self._inbox.put(lambda: None)
        self._thread.join()

    def _submit(self, waiting: Waiting) -> Future[Any]:
        if self._is_closed:
            raise JudgeClosedError("the judge was closed")
        self._inbox.put(partial(self._queue.append, waiting))
        return waiting.future

    # What follows runs in the one thread.

    def _drive(self) -> None:
        look_at = time.monotonic()
        while not self._is_closed:
            try:
                self._empty_inbox()
                if time.monotonic() >= look_at:
                    self._look_at_nodes()
                    look_at = time.monotonic() + LOOK_SECONDS
                if self._error is None:
                    hand_out(self._queue, self._seats, tasks_per_batch(self._task_seconds), self._send)
            except Exception as error:
                _log.exception("the driver of the cluster has failed")
                self._fail(error)
            if self._error is not None:
                self._refuse(self._error)
        for seat in list(self._seats):
            self._drop(seat)
        self._refuse(JudgeClosedError("the judge was closed"))

    def _empty_inbox(self) -> None:
        with suppress(queue.Empty):
            self._inbox.get(timeout=LOOK_SECONDS)()
            while True:
                self._inbox.get_nowait()()

    def _look_at_nodes(self) -> None:
        """Start workers on nodes that have too few, and give up when there are none for long."""
        now = time.monotonic()
        reasons = []
        for node in nodes_of(self._ray):
            until, reason = self._left_out.get(node.number, (0.0, ""))
            if until > now:
                reasons.append(reason)
            else:
                missing = node.cores - sum(seat.node.number == node.number for seat in self._seats)
                for _ in range(missing):
                    self._open_seat(node)
        if self._seats:
            self._alone_since = now
        elif reasons:
            self._refuse(SandboxUnavailableError("; ".join(reasons)))
        elif now - self._alone_since > PATIENCE_SECONDS:
            waited = f"the Ray cluster at {self._address} has had no node with a core for {PATIENCE_SECONDS:.0f} s"
            self._refuse(SandboxUnavailableError(waited))

    def _open_seat(self, node: Node) -> None:
        seat = Seat(self._new_actor(node.number), node)
        self._seats.append(seat)
        self._ask(seat)

    def _ask(self, seat: Seat) -> None:
        """Have a worker say what its verdicts depend on."""
        seat.is_ready = False
        self._when_done(seat.actor.describe.remote(), partial(self._take_description, seat))

    def _when_done(self, answer: Any, take: Callable[[Future[Any]], None]) -> None:  # noqa: ANN401 - Ray's
        # Ray calls back in a thread of its own, which must not wait for anything.
        answer.future().add_done_callback(lambda done: self._inbox.put(partial(take, done)))

    def _take_description(self, seat: Seat, done: Future[NodeSandboxes]) -> None:
        if seat not in self._seats:
            return
        try:
            found = self._result(done)
        except SandboxUnavailableError as error:
            self._leave_out(seat.node, str(error))
        except SandboxFailedError as error:
            self._drop(seat)
            self._lost_at_start[seat.node.number] += 1
            if self._lost_at_start[seat.node.number] > MOST_LOSSES:
                advice = "is the same acecoder-dagster installed there as here, with the extra cluster?"
                self._leave_out(seat.node, f"no worker starts: {error}; {advice}")
        except Exception as error:
            self._fail(error)
        else:
            self._accept(seat, found)

    def _accept(self, seat: Seat, found: NodeSandboxes) -> None:
        """Let a worker judge when its verdicts are those of all others."""
        if not self._expected.done() and found.code != code_digest():
            self._fail(
                OtherSandboxError(
                    f"node {seat.node.name} has another version of acecoder-dagster (code {found.code}) than this "
                    f"machine (code {code_digest()}): install the same one"
                )
            )
        elif self._expected.done() and found != self._expected.result():
            self._fail(OtherSandboxError(f"node {seat.node.name}: {difference(found, self._expected.result())}"))
        else:
            if not self._expected.done():
                self._expected.set_result(found)
            seat.is_ready = True
            self._lost_at_start.pop(seat.node.number, None)

    def _send(self, seat: Seat, batch: Batch) -> None:
        seat.batches.append(batch)
        packed = pickle.dumps([waiting.task for waiting in batch.tasks])
        answer = seat.actor.work.remote(self._expected.result(), packed)
        self._when_done(answer, partial(self._take_answer, seat, batch))

    def _take_answer(self, seat: Seat, batch: Batch, done: Future[Answer]) -> None:
        if batch not in seat.batches:
            return  # it was given to another worker meanwhile
        seat.batches.remove(batch)
        try:
            answer = self._result(done)
            answers = pickle.loads(answer.packed)  # noqa: S301 - from a node of this cluster
        except SandboxUnavailableError as error:
            self._again(batch)
            self._leave_out(seat.node, str(error))
        except SandboxFailedError as error:
            _log.warning("a worker on node %s is lost, others do its work: %s", seat.node.name, error)
            self._again(batch)
            # It may be starting again, with nothing of what it had.
            self._ask(seat)
        except Exception as error:
            _answer(batch.tasks, error)
        else:
            self._count(seat.node, batch, answer.seconds)
            for waiting, each in zip(batch.tasks, answers, strict=True):
                with suppress(InvalidStateError):
                    waiting.future.set_result(waiting.task.result(each))

    def _result(self, done: Future[Any]) -> Any:  # noqa: ANN401 - what the future has
        """Return what a worker answered.

        Raises:
            SandboxFailedError: the worker is lost.
            Exception: what the worker raised.
        """
        try:
            return done.result()
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error
        except self._ray.exceptions.RayError as error:
            raise SandboxFailedError(str(error).strip().partition("\n")[0]) from error

    def _again(self, batch: Batch) -> None:
        """Put tasks back to the front of the queue, unless they have been there too often."""
        for waiting in reversed(batch.tasks):
            waiting.losses += 1
            if waiting.losses > MOST_LOSSES:
                _answer([waiting], SandboxFailedError(f"the worker that had a task was lost {waiting.losses} times"))
            else:
                self._queue.appendleft(waiting)

    def _leave_out(self, node: Node, reason: str) -> None:
        _log.warning("node %s is left out: %s", node.name, reason)
        self._left_out[node.number] = (time.monotonic() + LEFT_OUT_SECONDS, f"node {node.name}: {reason}")
        for seat in [seat for seat in self._seats if seat.node.number == node.number]:
            self._drop(seat)

    def _drop(self, seat: Seat) -> None:
        """End a worker, and have others do its work."""
        self._seats.remove(seat)
        for batch in seat.batches:
            self._again(batch)
        seat.batches.clear()
        with suppress(self._ray.exceptions.RayError, RuntimeError, ValueError):
            self._ray.kill(seat.actor)

    def _count(self, node: Node, batch: Batch, seconds: float) -> None:
        seconds_each = seconds / len(batch.tasks)
        self._task_seconds += RECENT * (seconds_each - self._task_seconds) if self._task_seconds else seconds_each
        workers = sum(seat.node.number == node.number for seat in self._seats)
        with self._speeds_lock:
            before = self._speeds.get(node.name, NodeSpeed(node.name, 0, 0, 0.0))
            self._speeds[node.name] = NodeSpeed(
                node.name,
                max(workers, before.workers),
                before.programs + batch.programs,
                before.busy_seconds + seconds,
            )

    def _fail(self, error: Exception) -> None:
        """Refuse everything from now on."""
        self._error = self._error or error

    def _refuse(self, error: Exception) -> None:
        """Tell everybody who waits."""
        under_way = [waiting for seat in self._seats for batch in seat.batches for waiting in batch.tasks]
        for seat in self._seats:
            seat.batches.clear()
        _answer([*under_way, *self._queue], error)
        self._queue.clear()
        if not self._expected.done():
            self._expected.set_exception(error)


def _answer(tasks: Sequence[Waiting], error: Exception) -> None:
    for waiting in tasks:
        with suppress(InvalidStateError):
            waiting.future.set_exception(error)


def _start_actor(
    ray: Any,  # noqa: ANN401 - Ray has no types that are worth it
    settings: SandboxSettings,
    requirements: str | None,
    open_workers: OpenWorkers,
    node: str,
) -> Any:  # noqa: ANN401
    """Start a worker on a node, and nowhere else.

    It asks for no core of Ray's account: the judge gives work to as many as there are, and two judges share them as two
    processes on one machine do, where otherwise one would wait for the other to end.
    """
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(node, soft=False)
    options = {"num_cpus": 0, "max_restarts": -1, "scheduling_strategy": here}
    return ray.remote(NodeWorker).options(**options).remote(settings, requirements, open_workers)

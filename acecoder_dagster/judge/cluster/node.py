"""What runs on a node of a cluster, as an actor of Ray's: one worker with its own sandboxes, as on a single machine."""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from acecoder_dagster.judge.cluster.travelling import Answer, NodeSandboxes, Task, code_digest
from acecoder_dagster.judge.run.workers import Workers
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import OtherSandboxError

_log = logging.getLogger(__name__)

OpenWorkers = Callable[[SandboxSettings], Workers]
"""Opens the workers of a node: `LocalWorkers`."""


class NodeWorker:
    """One worker on a node. Ray starts it again, with nothing of what it had, where its process ended."""

    def __init__(self, settings: SandboxSettings, requirements: str | None, open_workers: OpenWorkers) -> None:
        """Open nothing yet: what goes wrong there is an answer to `describe`.

        Args:
            settings: how to judge.
            requirements: content of the file that `settings.requirements` names on the machine that asks.
            open_workers: opens the workers of this node.
        """
        self._settings = settings.model_copy(update={"workers": 1})
        self._requirements = requirements
        self._open_workers = open_workers
        self._workers: Workers | None = None

    def describe(self) -> NodeSandboxes:
        """Say what the verdicts of this node depend on. What is missing here is installed first, which takes minutes.

        Raises:
            SandboxUnavailableError: no sandbox can be started here.
        """
        self._opened()
        return self._described

    def work(self, expected: NodeSandboxes, batch: bytes) -> Answer:
        """Do the tasks of a batch, unless the answers could differ from those of other nodes.

        Args:
            expected: what the answers may depend on.
            batch: a pickled list of tasks.

        Raises:
            OtherSandboxError: they depend on something else here.
            SandboxUnavailableError: no sandbox can be started here any more.
        """
        workers = self._opened()
        # Looked up anew in a process that Ray has started again: an image may have been replaced meanwhile.
        if self._described != expected:
            raise OtherSandboxError(difference(self._described, expected))
        started = time.perf_counter()
        tasks: list[Task] = pickle.loads(batch)  # noqa: S301 - from the driver of this cluster, which may run any code
        submitted = [task.submit(workers) for task in tasks]
        answers = [task.answer(done.result()) for task, done in zip(tasks, submitted, strict=True)]  # type: ignore[arg-type]
        return Answer(pickle.dumps(answers), time.perf_counter() - started)

    def _opened(self) -> Workers:
        if self._workers is None:
            _stand_in_line()
            settings = self._settings
            if self._requirements is not None:
                self._folder = tempfile.TemporaryDirectory(prefix="acecoder-requirements-")
                file = Path(self._folder.name) / "requirements.txt"
                file.write_text(self._requirements, encoding="utf-8")
                settings = settings.model_copy(update={"requirements": file})
            self._workers = self._open_workers(settings)
            self._described = NodeSandboxes(self._workers.name, tuple(self._workers.identity), code_digest())
        return self._workers


def _stand_in_line() -> None:
    """Give the worker, and so its sandboxes, the priority of usual processes.

    Ray lets everybody else on a node go first. Beside other work a program could then be so late that its test ends by
    its wall limit.
    """
    if os.getpriority(os.PRIO_PROCESS, 0) > 0:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, 0)
        except PermissionError:
            _log.warning("programs are judged with low priority here: start Ray with RAY_worker_niceness=0")


def difference(found: NodeSandboxes, expected: NodeSandboxes) -> str:
    """Say that a node is not like the others, and what to do."""
    return (
        f"the sandboxes of this node are others ({found}) than those of the first one that answered ({expected}), and "
        "its verdicts could be others too: give all nodes the same image, or the same versions of acecoder-dagster, "
        "Python and of what sandbox.launcher starts"
    )

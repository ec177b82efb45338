"""Runs a worker on a machine that has nothing of the project but the address of its object store.

`python -m acecoder_dagster.learning.workers.on_node ADDRESS FOLDER` brings what the assignment in a folder of the
project names, starts a worker process with it, and saves what it does, now and then and at the end. It ends early,
after it has saved, when nobody holds that folder any more: whoever gave the assignment is gone, or has given up.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.store import StoreError, local_copy
from acecoder_dagster.data.store.object_store import ObjectStore
from acecoder_dagster.files import read_json
from acecoder_dagster.learning.training.checkpoints import settled_files
from acecoder_dagster.learning.workers.assignments import (
    ASSIGNMENT_FILE,
    SPECIFICATION_FILE,
    Assignment,
    specification_here,
)

LOOK_SECONDS = 10.0
"""Time between two looks whether the worker is still wanted."""

PATIENCE_SECONDS = 20.0
"""For a worker that was asked to end."""


def main(arguments: Sequence[str]) -> int:
    """Run the worker of an assignment and return its exit status.

    Raises:
        StoreError: the object store cannot be reached, or what the worker did cannot be saved there.
    """
    address, folder = arguments
    # By an exception, so that what was done is saved.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended from outside"))
    project = local_copy(address)
    store, own = ObjectStore(address, project), project / folder
    store.fetch(own)
    given = Assignment.model_validate(read_json(own / ASSIGNMENT_FILE))
    workplaces = [project / place for place in given.workplaces]
    for model in given.models:
        store.fetch(project / model)
    with ExitStack() as stack:
        for place in workplaces:
            place.mkdir(parents=True, exist_ok=True)
            stack.enter_context(store.working(place, _tell_of_waiting, settled_files))
        specification = own / SPECIFICATION_FILE
        specification.write_text(json.dumps(specification_here(given, project)), encoding="utf-8")
        status = _run_worker(specification, lambda: _is_wanted(store, own))
        # Here, where it is an error when it cannot be done.
        for place in (own, *workplaces):
            store.save(place, settled_files(place))
    for place in (own, *workplaces):
        if place.is_relative_to(Home(project).scratch):
            shutil.rmtree(place)
    return status


def _run_worker(specification: Path, is_wanted: Callable[[], bool]) -> int:
    command = [sys.executable, "-m", "acecoder_dagster.learning.workers", str(specification), str(os.getpid())]
    with subprocess.Popen(command) as worker:
        try:
            while is_wanted():
                try:
                    return worker.wait(LOOK_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
            sys.exit("ended: whoever started it is gone")
        finally:
            worker.terminate()
            try:
                worker.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                worker.kill()


def _is_wanted(store: ObjectStore, own: Path) -> bool:
    try:
        return store.is_held(own)
    except StoreError as error:
        print(f"It cannot be seen whether this worker is still wanted; it goes on: {error}", flush=True)
        return True


def _tell_of_waiting() -> None:
    print("Another worker is at work on the same; waiting for it", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

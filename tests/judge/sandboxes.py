"""What the sandboxes of a process consist of on this machine, seen from outside."""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Any

import docker

from acecoder_dagster.judge.launch.containers import LABEL
from tests.requirements import lacking


def containers(**filters: object) -> list[Any]:
    """The containers of Docker's engine; none where there is no engine."""
    if lacking("docker"):
        return []
    with contextlib.closing(docker.from_env()) as engine:
        return engine.containers.list(ignore_removed=True, **filters)


def containers_of(process: int) -> list[Any]:
    return containers(filters={"label": f"{LABEL}={process}"})


def sandboxes_of(process: int) -> set[str]:
    """Everything the sandboxes of a process consist of: containers, and processes descending from it."""
    found = {container.id for container in containers_of(process)}
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = status.read_text()
        except OSError:
            continue
        parents[int(text.split()[0])] = int(text.rpartition(")")[2].split()[1])
    family = {process}
    while grown := {child for child, parent in parents.items() if parent in family} - family:
        family |= grown
    return found | {f"process {child}" for child in family - {process}}


def zygotes_of(process: int) -> set[int]:
    """The first process of every sandbox of a process, by its number on this machine."""
    zygotes = {int(container.attrs["State"]["Pid"]) for container in containers_of(process)}
    for name in sandboxes_of(process):
        if name.startswith("process"):
            status = Path("/proc", name.split()[1], "status")
            with contextlib.suppress(OSError):  # it has just ended
                numbers = next(line for line in status.read_text().splitlines() if line.startswith("NSpid")).split()[1:]
                if len(numbers) > 1 and numbers[-1] == "1":
                    zygotes.add(int(numbers[0]))
    return zygotes


def still_there(names: set[str]) -> set[str]:
    ids = {container.id for container in containers(all=True)}
    return {n for n in names if n in ids or (n.startswith("process") and Path("/proc", n.split()[1]).exists())}


def eventually_gone(names: set[str]) -> bool:
    for _ in range(100):
        if not still_there(names):
            return True
        time.sleep(0.1)
    return False


def eventually_there(pid: int, before: set[str]) -> set[str]:
    """Return the sandboxes of a process that were not there before; one that is just being replaced is waited for."""
    deadline = time.monotonic() + 60
    while not (found := sandboxes_of(pid) - before):
        assert time.monotonic() < deadline, "no sandbox came"
        time.sleep(0.05)
    return found


def kill(names: set[str]) -> None:
    assert names
    # From the outside in: a program whose process is killed alone has crashed, and its sandbox says so.
    for name in sorted(names, key=lambda name: int(name.removeprefix("process ")) if " " in name else 0):
        if name.startswith("process"):
            with contextlib.suppress(ProcessLookupError):  # it went with its parent
                os.kill(int(name.split()[1]), signal.SIGKILL)
        else:
            with contextlib.closing(docker.from_env()) as engine:
                engine.containers.get(name).kill()

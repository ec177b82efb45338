"""Reads the tasks of a benchmark, from a folder or from the hub. No task is left out in silence."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from acecoder_dagster.evaluation.benchmarks.catalogue import PROTOCOLS
from acecoder_dagster.evaluation.benchmarks.errors import BenchmarkError
from acecoder_dagster.evaluation.benchmarks.protocol import DataSection, Protocol
from acecoder_dagster.evaluation.benchmarks.reading import READERS
from acecoder_dagster.evaluation.benchmarks.reading.task import Task, TaskError
from acecoder_dagster.files import Problems, is_hub_address, read_records, read_source, source_revision
from acecoder_dagster.files.hub import download, resolve
from acecoder_dagster.files.model_files import ASKED_EVERY

HUB = "hub"
SHOWN = 20
_FOLDERS = ("", "benchmarks")

Rows = Iterable[tuple[str, int, Mapping[str, Any]]]
"""File, row, columns."""


@dataclass(frozen=True)
class Tasks:
    """The tasks of one benchmark.

    Attributes:
        tasks: by id, in the order of the files.
        known: ids of all tasks in the data, of which the benchmark may be a part.
        md5: of the first file, unpacked, as evalplus names data by; empty for rows of the hub.
        revision: what identifies the data: hashes of the unpacked files, or the hub's commit.
        is_as_published: whether the hashes are those that the protocol names; None where it names none.
    """

    tasks: dict[str, Task]
    known: frozenset[str]
    md5: str
    revision: str
    is_as_published: bool | None


def read_tasks(protocol: Protocol, data: str) -> Tasks:
    """Read the tasks of a benchmark.

    Args:
        protocol: which tasks, and in which files.
        data: a folder; its files may also lie in its folder `benchmarks`. Or `hub`.

    Raises:
        BenchmarkError: a file is missing or wrong, or has another number of tasks than the protocol says; the message
            names the rows.
        ImportFileError: the hub cannot be reached.
    """
    section = protocol.data
    problems = Problems()
    if data == HUB and section.hub and not section.hub_files:
        rows, revision = _hub_rows(section.hub, problems)
        md5, as_published = "", None
    else:
        files = _hub_files(section) if data == HUB else _folder_files(protocol, Path(data))
        digests = _digests_of(files)
        hashes, md5 = [sha256 for sha256, _ in digests], digests[0][1]
        rows, revision = _file_rows(files, problems), " ".join(hashes)
        as_published = tuple(hashes) == section.sha256 if section.sha256 else None
    tasks = _tasks(section, rows, problems)
    if problems.found:
        more = f"\n- and {len(problems.found) - SHOWN} more" if len(problems.found) > SHOWN else ""
        lines = "\n".join(f"- {problem}" for problem in problems.found[:SHOWN])
        raise BenchmarkError(f"{protocol.address} cannot be read:\n{lines}{more}")
    if len(tasks) != section.rows:
        raise BenchmarkError(
            f"{protocol.address}: {section.version} has {section.rows:,} tasks, but there are {len(tasks):,} in "
            f"{', '.join(section.files)}; take {section.origin}, or write a protocol of your own for these"
        )
    return Tasks(_chosen(protocol, tasks), frozenset(tasks), md5, revision, as_published)


def data_revision(protocol: Protocol, data: str) -> str:
    """Return what identifies the present content of a benchmark's data, without reading its tasks.

    Args:
        protocol: which files.
        data: as `read_tasks` takes it.

    Returns:
        Hashes of the unpacked files, or the hub's commit.

    Raises:
        BenchmarkError: a file is missing.
        ImportFileError: the hub cannot be reached.
    """
    if data == HUB:
        return _commit(_hub_address(protocol.data), int(time.time() / ASKED_EVERY))
    return " ".join(sha256 for sha256, _ in _digests_of(_folder_files(protocol, Path(data))))


@lru_cache(maxsize=64)
def _commit(address: str, moment: int) -> str:
    """Return the hub's commit; each moment it is asked anew."""
    del moment
    return source_revision(address)


def _chosen(protocol: Protocol, tasks: dict[str, Task]) -> dict[str, Task]:
    """Return the tasks that are the benchmark's: those of its list of ids, and of its window of dates."""
    if (ids := task_ids(protocol.data)) is not None:
        if missing := [task_id for task_id in ids if task_id not in tasks]:
            raise BenchmarkError(f"{protocol.address}: tasks that the data lacks: {', '.join(missing[:SHOWN])}")
        tasks = {task_id: tasks[task_id] for task_id in ids}
    inside = {name: task for name, task in tasks.items() if task.date is None or protocol.window.holds(task.date)}
    if not inside:
        dates = [task.date for task in tasks.values() if task.date]
        raise BenchmarkError(
            f"{protocol.address}: no question was published in this window; they are of {min(dates)} to {max(dates)}"
        )
    return inside


def task_ids(section: DataSection) -> list[str] | None:
    """Return the ids that the benchmark's list of tasks names; None where it is all of the data.

    Raises:
        BenchmarkError: the list cannot be read.
    """
    if section.tasks is None:
        return None
    path = Path(section.tasks) if Path(section.tasks).is_absolute() else PROTOCOLS / section.tasks
    try:
        return path.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: this list of tasks cannot be read: {error}") from error


def _tasks(section: DataSection, rows: Rows, problems: Problems) -> dict[str, Task]:
    tasks: dict[str, Task] = {}
    for file, number, row in rows:
        try:
            task = READERS[section.format](row, section.variant)
        except TaskError as error:
            column, _, what = str(error).partition(": ")
            problems.add(file, what, row=number, column=column)
            continue
        if task.task_id in tasks:
            problems.add(file, f"the task {task.task_id} occurs twice; ids must be unique", row=number)
        tasks[task.task_id] = task
    return tasks


def _hub_rows(address: str, problems: Problems) -> tuple[Rows, str]:
    source = read_source(address)
    rows = ((source.name, number, row) for part in source.parts(problems) for number, row in part.records())
    return rows, source.revision


def _hub_address(section: DataSection) -> str:
    if section.hub is None or not is_hub_address(section.hub):
        raise BenchmarkError(
            f"the hub has no {', '.join(section.files)}: get {section.origin} and name its folder with --data, or in a "
            "profile with benchmarks.data"
        )
    return section.hub


def _hub_files(section: DataSection) -> list[Path]:
    return download(resolve(_hub_address(section)), section.files)


def _folder_files(protocol: Protocol, folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise BenchmarkError(f"{folder}: there is no such folder; give one with the files of benchmarks, or {HUB}")
    found, missing = [], []
    for name in protocol.data.files:
        places = [folder / below / f"{name}{ending}" for below in _FOLDERS for ending in ("", ".gz")]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            missing.append(name)
        else:
            found.append(path)
    if missing:
        raise BenchmarkError(
            f"{folder} has no {', '.join(missing)} (or .gz), which {protocol.address} needs: get {protocol.data.origin}"
        )
    return found


def _file_rows(files: Iterable[Path], problems: Problems) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    for path in files:
        for number, row in read_records(path, problems):
            yield path.name, number, row


def _digests_of(files: Iterable[Path]) -> list[tuple[str, str]]:
    """Return SHA-256 and MD5 of each file's bytes, unpacked."""
    found = []
    for path in files:
        try:
            state = path.stat()
            found.append(_digests(path, state.st_size, state.st_mtime_ns))
        except (OSError, EOFError) as error:
            raise BenchmarkError(f"{path}: cannot be read: {error}") from error
    return found


@lru_cache(maxsize=64)
def _digests(path: Path, size: int, modified: int) -> tuple[str, str]:
    """Return the hashes of a file in the state that is named, so that it is read once per process."""
    del size, modified
    digests = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        while block := stream.read(1 << 20):
            for digest in digests:
                digest.update(block)
    return digests[0].hexdigest(), digests[1].hexdigest()

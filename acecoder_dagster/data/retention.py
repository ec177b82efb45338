"""What of a project folder is old: versions of tables and models that nothing current is made of.

Belongs here: what may go, and removing it. Does not belong here: Dagster's runs (`graph`).
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake.partitions import POINTER
from acecoder_dagster.data.store import KeptFile
from acecoder_dagster.files import read_json

GRACE_SECONDS = 24 * 3600
"""What was written or worked on since so long stays: a reader may have it open, a training may go on there."""


class RetentionSettings(BaseModel):
    """How much of what is out of date is kept. What is current, or what a kept model was trained on, always stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    versions: int = Field(default=2, ge=0, description="Earlier versions of each batch of a table that are kept")
    models: int = Field(default=1, ge=0, description="Earlier versions of each model that are kept")
    days: int = Field(default=30, ge=1, description="Days for which the logs of runs and of their steps are kept")
    cron: str = Field(default="0 6 * * 0", description="When the schedule `weekly_clean` removes the rest, as in cron")


@dataclass(frozen=True)
class Removable:
    """Something that may go: a file or folder, what it is, and its size."""

    path: Path
    kind: str
    bytes: int


def removable(home: Home, retention: RetentionSettings, now: float | None = None) -> list[Removable]:
    """Return the versions of models and tables, and the scratch files, that may go.

    Args:
        home: the project folder.
        retention: how much is kept.
        now: the time, in seconds since the epoch.
    """
    before = (time.time() if now is None else now) - GRACE_SECONDS
    of_models = _by_folder(home, home.artifacts.root.resolve(), depth=2)
    # Pointers and locks lie beside the folders.
    trained = {folder: files for folder, files in of_models.items() if files[0].path != folder}
    models = _old_models(home, trained, retention.models, before)
    pinned = {path for folder in trained.keys() - models for path in home.artifacts.made_from(folder)}
    tables = _old_versions(home, retention.versions, pinned, before)
    scratch = _by_folder(home, home.scratch, depth=2)
    return [
        *(Removable(folder, "model", _bytes(trained[folder])) for folder in sorted(models)),
        *(Removable(file.path, "version of a table", file.bytes) for file in tables),
        *(
            Removable(path, "scratch", _bytes(files))
            for path, files in scratch.items()
            if _last_written(files) < before and path.suffix != ".lock"
        ),
    ]


def remove(home: Home, found: Iterable[Removable]) -> None:
    """Remove what `removable` returned."""
    for each in found:
        if each.kind == "model":
            home.artifacts.remove(each.path)
        else:
            home.store.remove([each.path])


def _by_folder(home: Home, root: Path, depth: int) -> dict[Path, list[KeptFile]]:
    """Return the files of a folder by the folder of a depth below it that they lie in; others by themselves."""
    found: dict[Path, list[KeptFile]] = defaultdict(list)
    for file in home.store.files(root):
        found[root.joinpath(*file.path.relative_to(root).parts[:depth])].append(file)
    return dict(found)


def _old_models(home: Home, trained: Mapping[Path, list[KeptFile]], keep: int, before: float) -> set[Path]:
    """Return folders of models that are neither current, nor among the last ones, nor what a kept one is made from."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for folder in trained:
        by_name[folder.parent.name].append(folder)
    old: set[Path] = set()
    for name, folders in by_name.items():
        pointer = read_json(home.artifacts.root / name / POINTER)
        current = None if pointer is None else pointer["content_key"]
        others = [each for each in folders if each.name != current]
        earlier = sorted(others, key=lambda each: _last_written(trained[each]), reverse=True)
        old |= {each for each in earlier[keep:] if _last_written(trained[each]) < before}
    # A kept model keeps what it started from, and that its own start.
    while pinned := old & {path for folder in trained.keys() - old for path in home.artifacts.made_from(folder)}:
        old -= pinned
    return old


def _old_versions(home: Home, keep: int, pinned: Set[Path], before: float) -> list[KeptFile]:
    """Return files of versions of tables that are neither current, nor among the last ones, nor pinned."""
    by_version: dict[Path, dict[str, list[KeptFile]]] = defaultdict(lambda: defaultdict(list))
    for file in home.store.files(home.lake.root.resolve()):
        if file.path.suffix == ".parquet":
            by_version[file.path.parent][file.path.name.partition(".")[0]].append(file)
    old: list[KeptFile] = []
    for folder, versions in sorted(by_version.items()):
        pointer = read_json(folder / POINTER) or {}
        kept = pinned | {folder / pointer[name] for name in pointer if name.endswith("_file")}
        others = [files for files in versions.values() if not any(file.path in kept for file in files)]
        earlier = sorted(others, key=_last_written, reverse=True)
        old += [file for files in earlier[keep:] if _last_written(files) < before for file in files]
    return old


def _last_written(files: Iterable[KeptFile]) -> float:
    return max(file.written for file in files)


def _bytes(files: Iterable[KeptFile]) -> int:
    return sum(file.bytes for file in files)

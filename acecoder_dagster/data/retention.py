"""What of a project folder is old: versions of tables and models that nothing current is made of.

Belongs here: what may go, and removing it. Does not belong here: Dagster's runs (`graph`).
"""

import shutil
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake.partitions import POINTER
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
    models = _old_models(home, retention.models, before)
    kept_models = [folder for folder in home.artifacts.versions() if folder.resolve() not in models]
    pinned = {path for folder in kept_models for path in home.artifacts.made_from(folder)}
    tables = _old_versions(home, retention.versions, pinned, before)
    scratch = [path for path in _entries(home.scratch) if _last_written(path) < before]
    return [
        *(Removable(path, "model", _size(path)) for path in models),
        *(Removable(path, "version of a table", _size(path)) for path in tables),
        *(Removable(path, "scratch", _size(path)) for path in scratch if path.suffix != ".lock"),
    ]


def remove(home: Home, found: Iterable[Removable]) -> None:
    """Remove what `removable` returned."""
    for each in found:
        if each.kind == "model":
            home.artifacts.remove(each.path)
        elif each.path.is_dir():
            shutil.rmtree(each.path)
        else:
            each.path.unlink(missing_ok=True)


def _old_models(home: Home, keep: int, before: float) -> list[Path]:
    """Return folders of models that are neither current, nor among the last ones, nor what a kept one is made from."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for folder in map(Path.resolve, home.artifacts.versions()):
        by_name[folder.parent.name].append(folder)
    old: set[Path] = set()
    for name, folders in by_name.items():
        pointer = read_json(home.artifacts.root / name / POINTER)
        current = None if pointer is None else pointer["content_key"]
        earlier = sorted((each for each in folders if each.name != current), key=_last_written, reverse=True)
        old |= {each for each in earlier[keep:] if _last_written(each) < before}
    # A kept model keeps what it started from, and that its own start.
    while pinned := old & {
        path
        for folder in home.artifacts.versions()
        if folder.resolve() not in old
        for path in home.artifacts.made_from(folder)
    }:
        old -= pinned
    return sorted(old)


def _old_versions(home: Home, keep: int, pinned: set[Path], before: float) -> list[Path]:
    """Return files of versions of tables that are neither current, nor among the last ones, nor pinned."""
    old: list[Path] = []
    for folder in sorted(home.lake.root.glob("*/batch=*")):
        pointer = read_json(folder / POINTER)
        current = set() if pointer is None else {pointer[name] for name in pointer if name.endswith("_file")}
        versions: dict[str, list[Path]] = defaultdict(list)
        for file in folder.glob("*.parquet"):
            if file.name not in current:
                versions[file.name.partition(".")[0]].append(file)
        stay = {version for version, files in versions.items() if pinned & {file.resolve() for file in files}}
        earlier = sorted(versions.keys() - stay, key=lambda each: max(map(_last_written, versions[each])), reverse=True)
        for version in earlier[keep:]:
            if max(map(_last_written, versions[version])) < before:
                old += sorted(versions[version])
    return old


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _last_written(path: Path) -> float:
    """Return when a file, or anything in a folder, was last written; now, where it is just being moved."""
    try:
        return max([path.stat().st_mtime, *(each.stat().st_mtime for each in path.rglob("*"))])
    except FileNotFoundError:
        return time.time()


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_size for each in files if each.is_file())

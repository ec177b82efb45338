"""Checkpoints that survive a kill at any moment.

A training keeps its unfinished work in a folder beside its results, together with a hash of everything it depends on.
The same call goes on there; a different call starts over. A checkpoint counts only once it is marked complete:
transformers' own search for the last checkpoint would take one that was cut off by a kill.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from acecoder_dagster.files import TEMPORARY

_WORK = "in_progress"
_FINGERPRINT = "fingerprint"
_COMPLETE = "COMPLETE"
_FORMAT = b"2"
"""Of what is in the folder: the work of a version that wrote another format is not gone on with."""

_NAME = re.compile(r"checkpoint-(\d+)")


def fingerprint(texts: Sequence[str], files: Sequence[Path] = ()) -> str:
    """Return a hash of everything that a training depends on: settings and names as texts, data as files."""
    digest = hashlib.sha256(_FORMAT)
    for part in [*(text.encode() for text in texts), *(file.read_bytes() for file in files)]:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def open_work_folder(output: Path, run_fingerprint: str) -> Path:
    """Return the folder for the unfinished work of a training; work of any other training in it is deleted.

    Args:
        output: Folder of the results; it is made where it is missing.
        run_fingerprint: Hash of everything that the training depends on, see `fingerprint`.
    """
    work = output / _WORK
    marker = work / _FINGERPRINT
    if not marker.exists() or marker.read_text() != run_fingerprint:
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        marker.write_text(run_fingerprint)
    return work


def holds_unfinished_work(output: Path) -> bool:
    """Whether a run into this folder was interrupted: it has a folder of unfinished work."""
    return (output / _WORK).is_dir()


def close_work_folder(output: Path) -> None:
    """Delete the unfinished work, once the results are written."""
    shutil.rmtree(output / _WORK)


def checkpoint_folder(work: Path, step: int) -> Path:
    """Return the folder of the checkpoint after `step` optimiser steps, named as transformers names it."""
    return work / f"checkpoint-{step}"


def mark_complete(checkpoint: Path) -> None:
    """Mark a checkpoint as usable, once all its files are written."""
    (checkpoint / _COMPLETE).touch()


def last_complete_checkpoint(work: Path) -> tuple[int, Path] | None:
    """Return (step, folder) of the newest complete checkpoint, and delete incomplete ones."""
    found: list[tuple[int, Path]] = []
    for folder in work.glob("checkpoint-*"):
        name = _NAME.fullmatch(folder.name)
        if name is None:
            continue
        if (folder / _COMPLETE).exists():
            found.append((int(name.group(1)), folder))
        else:
            # Several processes of one training come here at the same time.
            shutil.rmtree(folder, ignore_errors=True)
    return max(found, default=None)


def settled_files(folder: Path) -> list[Path]:
    """Return the files of a training's folder from which it could go on elsewhere, while it goes on here.

    Complete checkpoints are looked for first: all else is then at least as new as they are, as it is after a kill.

    Args:
        folder: Folder of the results, with the unfinished work in it.
    """
    complete = {path.parent for path in folder.rglob(_COMPLETE)}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != TEMPORARY]
    return [path for path in files if _checkpoint_of(path, folder) in {None, *complete}]


def _checkpoint_of(path: Path, folder: Path) -> Path | None:
    """Return the checkpoint that a file belongs to."""
    inside = [each for each in path.parents if each.is_relative_to(folder)]
    return next((each for each in inside if _NAME.fullmatch(each.name)), None)


def keep_only(work: Path, checkpoint: Path) -> None:
    """Delete all checkpoints but one."""
    for folder in work.glob("checkpoint-*"):
        if folder != checkpoint:
            shutil.rmtree(folder)

"""Checkpoints that survive a kill at any moment.

A run keeps everything unfinished in one folder beside its results, tied to what the run was told: the same call
continues there, a different one starts over. A checkpoint in it counts only once it is marked complete.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

_WORK = "in_progress"
_FINGERPRINT = "fingerprint"
_COMPLETE = "COMPLETE"
_NAME = re.compile(r"checkpoint-(\d+)")


def fingerprint(texts: Sequence[str], files: Sequence[Path] = ()) -> str:
    """Hash of everything a run depends on: settings and names as texts, data as files."""
    digest = hashlib.sha256()
    for part in [*(text.encode() for text in texts), *(file.read_bytes() for file in files)]:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def open_work_folder(output: Path, run_fingerprint: str) -> Path:
    """The folder for unfinished work of this run; emptied if it holds work of another run.

    Args:
        output: Folder of the results; made where missing.
        run_fingerprint: What the run depends on, see `fingerprint`.
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
    """Where the checkpoint after `step` optimiser steps belongs (the name is transformers')."""
    return work / f"checkpoint-{step}"


def mark_complete(checkpoint: Path) -> None:
    """Declare a checkpoint usable, once every file of it is written."""
    (checkpoint / _COMPLETE).touch()


def last_complete_checkpoint(work: Path) -> tuple[int, Path] | None:
    """The newest usable checkpoint as (step, folder); half-written ones are deleted on the way."""
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


def keep_only(work: Path, checkpoint: Path) -> None:
    """Delete all checkpoints but one."""
    for folder in work.glob("checkpoint-*"):
        if folder != checkpoint:
            shutil.rmtree(folder)

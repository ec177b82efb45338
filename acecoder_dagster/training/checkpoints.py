"""Checkpoints that survive a kill at any moment: a folder counts only once it is marked complete."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

_COMPLETE = "COMPLETE"
_NAME = re.compile(r"checkpoint-(\d+)")


def checkpoint_folder(output: Path, step: int) -> Path:
    """Where the checkpoint after ``step`` optimiser steps belongs."""
    return output / f"checkpoint-{step}"


def mark_complete(checkpoint: Path) -> None:
    """Declare a checkpoint usable, once every file of it is written."""
    (checkpoint / _COMPLETE).touch()


def is_complete(checkpoint: Path) -> bool:
    """Whether a checkpoint was written to its end."""
    return (checkpoint / _COMPLETE).exists()


def last_complete_checkpoint(output: Path) -> tuple[int, Path] | None:
    """The newest usable checkpoint as (step, folder); half-written ones are deleted on the way."""
    found: list[tuple[int, Path]] = []
    for folder in output.glob("checkpoint-*"):
        name = _NAME.fullmatch(folder.name)
        if name is None:
            continue
        if is_complete(folder):
            found.append((int(name.group(1)), folder))
        else:
            shutil.rmtree(folder)
    return max(found, default=None)


def keep_only(output: Path, checkpoint: Path) -> None:
    """Delete all checkpoints but one."""
    for folder in output.glob("checkpoint-*"):
        if folder != checkpoint and _NAME.fullmatch(folder.name):
            shutil.rmtree(folder)


def delete_checkpoints(output: Path) -> None:
    """Delete all checkpoints, once the finished model is written."""
    for folder in output.glob("checkpoint-*"):
        if _NAME.fullmatch(folder.name):
            shutil.rmtree(folder)

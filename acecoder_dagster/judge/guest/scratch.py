"""Removes what programs leave in a sandbox."""

from __future__ import annotations

import contextlib
import os
import stat


def empty_directory(directory: str) -> None:
    """Remove what is in a directory, as far as the calling user may."""
    # Most of what programs leave lies flat: the two walks below would take many times as long.
    for entry in list(os.scandir(directory)):
        with contextlib.suppress(OSError):
            (os.rmdir if entry.is_dir(follow_symlinks=False) else os.unlink)(entry.path)
    for parent, names, _ in os.walk(directory):
        for name in names:
            path = os.path.join(parent, name)
            if not stat.S_ISLNK(os.lstat(path).st_mode):
                os.chmod(path, stat.S_IRWXU)
    for parent, directories, files in os.walk(directory, topdown=False):
        for name in files:
            os.unlink(os.path.join(parent, name))
        for name in directories:
            path = os.path.join(parent, name)
            if os.path.islink(path):
                os.unlink(path)
            else:
                os.rmdir(path)

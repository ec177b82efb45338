"""Tells how building what sandboxes need goes on: it takes minutes."""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence

EVERY_SECONDS = 5.0
LINE_LENGTH = 100

_log = logging.getLogger(__name__)


def telling(lines: Iterable[str], what: str) -> Iterator[str]:
    """Pass lines on, and log one every five seconds.

    Args:
        lines: what a command says while it works.
        what: what it does, for people.

    Yields:
        The lines.
    """
    told_at = time.monotonic()
    for line in lines:
        if line.strip() and time.monotonic() - told_at >= EVERY_SECONDS:
            _log.warning("%s: %s", what, line.strip()[:LINE_LENGTH])
            told_at = time.monotonic()
        yield line


def run_telling(command: Sequence[str], what: str) -> None:
    """Run a command, and log how it goes on.

    Args:
        command: the command and its arguments.
        what: what it does, for people.

    Raises:
        OSError: it cannot be started.
        subprocess.CalledProcessError: it failed; `output` has all that it said.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = list(telling(process.stdout or (), what))
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, list(command), "".join(said))

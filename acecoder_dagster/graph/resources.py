"""The one resource of the graph: the project folder, opened with the settings of its profile."""

import contextlib
import multiprocessing
import os
import signal
import threading
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import dagster as dg

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake import Lake
from acecoder_dagster.settings import Settings, SettingsError, read_settings


@dataclass(frozen=True)
class OpenProject:
    """The project folder with its settings as they were when it was opened.

    A step, a plan or a tick of a schedule opens the project once, so that all it does follows the same settings.
    """

    home: Home
    settings: Settings

    @property
    def lake(self) -> Lake:
        """The tables."""
        return self.home.lake

    def is_calibration(self, batch: str) -> bool:
        """Return whether the questions of a batch only measure the tests (setting quality.batches)."""
        return any(fnmatch(batch, pattern) for pattern in self.settings.quality.batches)

    def is_chosen(self, batch: str) -> bool:
        """Return whether a batch feeds training and evaluation (settings data.batches and quality.batches)."""
        named = any(fnmatch(batch, pattern) for pattern in self.settings.data.batches)
        return named and not self.is_calibration(batch)


class Project(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Folder and profile of the project that the assets work on."""

    root: str
    profile: str

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Make the steps of a run end when the run does, whatever ended it."""
        end_with_parent_process()

    def open(self) -> OpenProject:
        """Return the folder with the settings of the profile, read now: an edited profile counts at the next run.

        Raises:
            Failure: the profile is missing or holds a wrong key or value.
        """
        try:
            settings = read_settings(self.profile)
        except SettingsError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        return OpenProject(Home(Path(self.root)), settings)

    def refreshed(self) -> OpenProject:
        """Return the folder as `open` does, after what other machines made was brought.

        Raises:
            Failure: as `open`.
            StoreError: the project's object store cannot be reached.
        """
        opened = self.open()
        opened.home.store.refresh()
        return opened


def end_with_parent_process() -> None:
    """End this process and its children once the run that started it is gone, even by kill -9.

    Steps are children of a fork server, so the kernel's parent-death signal would not reach them; Python's handle on
    the logical parent does. A run that is a process of its own has no such parent and is left alone.

    The step gets a session of its own: Ctrl-C in a terminal is for the run alone, which answers it.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    if os.getpgrp() != os.getpid():
        os.setsid()

    def wait_and_end() -> None:
        parent.join()
        for child in _children(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=wait_and_end, name="end-with-parent", daemon=True).start()


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]

"""The one resource of the graph: the project folder and the settings of its profile."""

import contextlib
import multiprocessing
import os
import signal
import threading
from fnmatch import fnmatch
from pathlib import Path

import dagster as dg

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.lake import Lake, Partition
from acecoder_dagster.data.tables import Table
from acecoder_dagster.settings import Settings, SettingsError, read_settings


class Project(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Folder and profile of the project that the assets work on."""

    root: str
    profile: str

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Make the steps of a run end when the run does, whatever ended it."""
        end_with_parent_process()

    @property
    def home(self) -> Home:
        """Places of tables, models and files."""
        return Home(Path(self.root))

    @property
    def lake(self) -> Lake:
        """The tables."""
        return self.home.lake

    @property
    def settings(self) -> Settings:
        """Settings of the profile, read anew so that an edited profile counts at the next run."""
        try:
            return read_settings(self.profile)
        except SettingsError as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error

    def is_calibration(self, batch: str) -> bool:
        """Return whether the questions of a batch only measure the tests (setting quality.batches)."""
        return any(fnmatch(batch, pattern) for pattern in self.settings.quality.batches)

    def calibration_partitions(self, table: Table) -> list[Partition]:
        """Return the calibration batches of a table (setting quality.batches)."""
        return [partition for partition in self.lake.partitions(table) if self.is_calibration(partition.batch)]

    def training_partitions(self, table: Table) -> list[Partition]:
        """Return the batches of a table that feed training and evaluation (settings data and quality.batches)."""
        patterns = self.settings.data.batches
        return [
            partition
            for partition in self.lake.partitions(table)
            if any(fnmatch(partition.batch, pattern) for pattern in patterns)
            and not self.is_calibration(partition.batch)
        ]


def end_with_parent_process() -> None:
    """End this process and its children once the run that started it is gone, even by kill -9.

    Steps are children of a fork server, so the kernel's parent-death signal would not reach them; Python's handle on
    the logical parent does. A run that is a process of its own has no such parent and is left alone.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

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

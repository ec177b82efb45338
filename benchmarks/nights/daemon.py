"""One day of Dagster's daemon on a project folder: its own sensors, schedules and queue, by a clock of ours."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from os import utime
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

from acecoder_dagster.cli.run_graph import prepare
from acecoder_dagster.data.home import Home
from acecoder_dagster.settings import read_settings

LAUNCHER = """
run_launcher:
  module: dagster._core.launcher.sync_in_memory_run_launcher
  class: SyncInMemoryRunLauncher
"""
DAY = timedelta(days=1)
_log = logging.getLogger("nights")


@contextmanager
def opened_instance(home: Home, profile: str) -> Iterator[dg.DagsterInstance]:
    """Yield the folder's instance, whose runs begin at once and in this process."""
    settings, configuration = read_settings(profile), home.dagster / "dagster.yaml"
    if not configuration.exists():
        prepare(home, profile, settings).dispose()
        configuration.write_text(configuration.read_text() + LAUNCHER)
    with prepare(home, profile, settings) as instance:
        yield instance


def live_a_day(instance: dg.DagsterInstance, evening: datetime) -> None:
    """Take in what lies in the inbox, then do what the schedules ask for until a moment, and end every run."""
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name="benchmarks.nights.definitions"), location_name="nights"
    )
    with WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as workspace:
        _raise_errors(execute_sensor_iteration(workspace, _log, None, None))
        _run_queue(instance, workspace)
        _raise_errors(launch_scheduled_runs(workspace, _log, evening, {}))
        _run_queue(instance, workspace)


def _run_queue(instance: dg.DagsterInstance, workspace: WorkspaceProcessContext) -> None:
    queue = QueuedRunCoordinatorDaemon(interval_seconds=1)
    while instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
        _raise_errors(queue.run_iteration(workspace))


def _raise_errors(iteration: Iterator[object]) -> None:
    """Do the work of an iteration, which yields what went wrong."""
    errors = [each for each in iteration if hasattr(each, "stack")]
    assert not errors, errors


def let_a_day_pass(home: Home) -> None:
    """Make everything in the folder a day older, as its clocks would show it the next day."""
    for path in home.root.rglob("*"):
        if path.is_file() and home.dagster not in path.parents:
            before = path.stat().st_mtime - DAY.total_seconds()
            utime(path, (before, before))
    with sqlite3.connect(_runs_of(home)) as runs:
        runs.execute("UPDATE runs SET create_timestamp = datetime(create_timestamp, '-1 day')")


def _runs_of(home: Home) -> Path:
    return home.dagster / "history" / "runs.db"

"""Removing what is old: versions of tables and models, and the logs of runs that made nothing which is shown now."""

import shutil
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from acecoder_dagster.data.home import Home
from acecoder_dagster.data.retention import Removable, RetentionSettings, removable, remove
from acecoder_dagster.graph.operating.jobs import ENDED
from acecoder_dagster.graph.resources import Project

RUN, STEP_LOGS = "log of a run", "logs of its steps"

Counted = dict[str, tuple[int, int]]
"""By kind, how many and how many bytes."""


def removable_by_kind(home: Home, retention: RetentionSettings, instance: dg.DagsterInstance) -> Counted:
    """Return what `clean_up` would remove."""
    return _counted([*removable(home, retention), *_old_runs(home, retention, instance)])


def clean_up(home: Home, retention: RetentionSettings, instance: dg.DagsterInstance) -> Counted:
    """Remove old versions of tables and models, and old logs; return what was removed.

    The record of a run stays while the page shows what it made as the newest: without it, Dagster would take the batch
    for one that was never made. Logs of its steps go all the same.
    """
    found, logs = removable(home, retention), _old_runs(home, retention, instance)
    remove(home, found)
    for each in logs:
        if each.kind == RUN:
            instance.delete_run(each.path.name)
        else:
            shutil.rmtree(each.path, ignore_errors=True)
    return _counted([*found, *logs])


def clean_job(project: Project) -> dg.JobDefinition:
    """Return the job that removes what is old."""

    @dg.op(description="Removes what [retention] does not keep")
    def remove_what_is_old(context: dg.OpExecutionContext) -> None:
        opened = project.refreshed()
        for kind, (number, size) in clean_up(opened.home, opened.settings.retention, context.instance).items():
            context.log.info(f"Removed {kind}: {number:,}, {size / 1e6:,.1f} MB")

    @dg.job(name="clean", description="Removes old versions of tables and models, and old logs")
    def clean() -> None:
        remove_what_is_old()

    return clean


def _counted(found: list[Removable]) -> Counted:
    counted: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in found:
        number, size = counted[each.kind]
        counted[each.kind] = (number + 1, size + each.bytes)
    return dict(counted)


def _old_runs(home: Home, retention: RetentionSettings, instance: dg.DagsterInstance) -> list[Removable]:
    before = datetime.now(UTC) - timedelta(days=retention.days)
    runs = instance.get_runs(dg.RunsFilter(statuses=list(ENDED), created_before=before))
    shown = _shown_runs(instance)
    found: list[Removable] = []
    for run in runs:
        logs = home.dagster / "storage" / run.run_id
        if logs.is_dir():
            size = sum(file.stat().st_size for file in logs.rglob("*") if file.is_file())
            found.append(Removable(logs, STEP_LOGS, size))
        if run.run_id not in shown:
            found.append(Removable(Path(run.run_id), RUN, 0))
    return found


def _shown_runs(instance: dg.DagsterInstance) -> set[str]:
    """Return the runs that made the newest version of any batch of any asset."""
    shown: set[str] = set()
    for key in instance.all_asset_keys():
        seen: set[str | None] = set()
        cursor: str | None = None
        while True:
            page = instance.fetch_materializations(key, limit=1000, cursor=cursor)
            for record in page.records:
                if record.partition_key not in seen:
                    seen.add(record.partition_key)
                    shown.add(record.run_id)
            if not page.has_more:
                break
            cursor = page.cursor
    return shown

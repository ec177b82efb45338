"""Which runs of a schedule are under way, and which only say so because they were killed."""

from datetime import datetime, timedelta

import dagster as dg

from acecoder_dagster.graph.operating.jobs import UNFINISHED

STARTED_BY = "acecoder/started_by"
"""Tag of a run: the schedule or sensor that asked for it."""

SILENCE = timedelta(hours=6)
"""Far longer than a run needs for anything between two lines of its log. After so long it is taken for killed."""


def runs_under_way(instance: dg.DagsterInstance, schedule: str, now: datetime) -> list[dg.DagsterRun]:
    """Return the runs of a schedule that have not ended.

    The record of a run that was killed together with what started it, as by a power cut, would say for ever that it is
    under way, and no later night would begin. One that has been silent for long is marked as failed.

    Args:
        instance: Dagster's instance.
        schedule: the schedule.
        now: the time.
    """
    unfinished = instance.get_runs(dg.RunsFilter(tags={STARTED_BY: schedule}, statuses=UNFINISHED))
    before = (now - SILENCE).timestamp()
    return [run for run in unfinished if not _is_closed(instance, run, before)]


def _is_closed(instance: dg.DagsterInstance, run: dg.DagsterRun, before: float) -> bool:
    """Mark a run as failed that has begun, and told nothing since a moment; return whether it was."""
    if run.status in {dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED}:
        # It waits for others, in silence, and no process of it can have been killed.
        return False
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    if last and last[0].timestamp >= before:
        return False
    instance.report_run_failed(run, f"Nothing was heard of this run for {SILENCE}: it was killed. What it made is kept")
    instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return True

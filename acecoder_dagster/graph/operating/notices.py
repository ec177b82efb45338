"""Notices: what fails or is late while nobody looks is told to a web address and by e-mail."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg

from acecoder_dagster.graph.operating.failures import step_failures
from acecoder_dagster.graph.operating.jobs import UNFINISHED
from acecoder_dagster.graph.operating.origins import TERMINAL_TAG
from acecoder_dagster.graph.operating.telling import Notice, is_anybody_told, tell
from acecoder_dagster.graph.operating.under_way import STARTED_BY
from acecoder_dagster.graph.resources import OpenProject, Project

SECONDS_BETWEEN_LOOKS = 60


def notice_sensors(project: Project) -> list[dg.SensorDefinition]:
    """Return the sensors that tell of failed and of late runs; they are on where somebody is to be told."""
    told = is_anybody_told(project.open().settings.notices)
    on = dg.DefaultSensorStatus.RUNNING if told else dg.DefaultSensorStatus.STOPPED

    @dg.run_failure_sensor(
        name="notice_of_failure",
        default_status=on,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        description="Tells those whom `[notices]` names of runs that failed and that no terminal has shown",
    )
    def failure(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run
        if TERMINAL_TAG not in run.tags:
            reasons = list(step_failures(context.get_step_failure_events())) or [context.failure_event.message or ""]
            _tell(project.open(), run, "failed", "\n".join(reasons))

    @dg.sensor(
        name="notice_of_delay",
        default_status=on,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        description="Tells them once of each run of a schedule that takes longer than notices.late_after_hours",
    )
    def delay(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        opened = project.open()
        hours = opened.settings.notices.late_after_hours
        late = _late_runs(context.instance, datetime.now(UTC) - timedelta(hours=hours))
        told: list[str] = json.loads(context.cursor) if context.cursor else []
        for run in late:
            if run.run_id not in told:
                _tell(opened, run, "is late", f"it has not ended {hours:g} hours after it was asked for")
        context.update_cursor(json.dumps([run.run_id for run in late]))
        return dg.SkipReason(f"{len(late)} runs take longer than {hours:g} hours")

    return [failure, delay]


def _late_runs(instance: dg.DagsterInstance, before: datetime) -> list[dg.DagsterRun]:
    late = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED, created_before=before))
    return [run for run in late if STARTED_BY in run.tags]


def _tell(project: OpenProject, run: dg.DagsterRun, what: str, reason: str) -> None:
    """Raise a NoticeError, which the sensor's page shows, where somebody was not told."""
    started_by = run.tags.get(STARTED_BY, "")
    tell(
        project.settings.notices,
        Notice(what, run.run_id, run.job_name, started_by, reason, str(project.home.root)),
    )

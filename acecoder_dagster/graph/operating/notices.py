"""Notices: what fails or is late while nobody looks is told to a web address."""

import json
import os
from datetime import UTC, datetime, timedelta

import dagster as dg
import requests
from requests.adapters import HTTPAdapter

from acecoder_dagster.graph.operating.failures import step_failures
from acecoder_dagster.graph.operating.jobs import UNFINISHED
from acecoder_dagster.graph.operating.origins import TERMINAL_TAG
from acecoder_dagster.graph.operating.under_way import STARTED_BY
from acecoder_dagster.graph.resources import OpenProject, Project

SECONDS_TO_ANSWER = 10
TRIES = 3
SECONDS_BETWEEN_LOOKS = 60
LONGEST_TEXT = 2000
"""Chats refuse long messages; the page has the rest."""


class NoticeError(RuntimeError):
    """Nobody could be told; the message says why, without the address."""

    def __init__(self, variable: str, why: str) -> None:
        super().__init__(f"the address that ${variable} names did not take the notice ({why}): see that it is right")


def notice_sensors(project: Project) -> list[dg.SensorDefinition]:
    """Return the sensors that tell of failed and of late runs; they are on where the environment names an address."""
    told = os.environ.get(project.open().settings.notices.webhook_variable)
    on = dg.DefaultSensorStatus.RUNNING if told else dg.DefaultSensorStatus.STOPPED

    @dg.run_failure_sensor(
        name="notice_of_failure",
        default_status=on,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        description="Tells a web address (notices.webhook_variable) of runs that failed and that no terminal has shown",
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
        description="Tells it once of each run of a schedule that takes longer than notices.late_after_hours",
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
    """Post a notice as JSON; `text` alone is what chats show.

    Raises:
        NoticeError: nobody was told. The sensor's page shows it.
    """
    of = f"{run.job_name} ({run.tags[STARTED_BY]})" if STARTED_BY in run.tags else run.job_name
    text = f"{of} in {project.home.root} {what}: {reason}"
    notice = {
        "text": text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…",
        "what": what,
        "run": run.run_id,
        "job": run.job_name,
        "started_by": run.tags.get(STARTED_BY, ""),
        "reason": reason,
        "folder": str(project.home.root),
    }
    variable = project.settings.notices.webhook_variable
    address = os.environ.get(variable, "")
    try:
        with requests.Session() as session:
            session.mount(address, HTTPAdapter(max_retries=TRIES))
            session.post(address, json=notice, timeout=SECONDS_TO_ANSWER).raise_for_status()
    except requests.RequestException as error:
        # The address is a secret, and requests names it in what it says.
        raise NoticeError(variable, type(error).__name__) from None

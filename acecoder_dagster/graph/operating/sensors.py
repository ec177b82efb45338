"""Sensors: what arrives in the inbox or changes at its source is imported, exactly once; new batches are worked on.

Looking costs nothing: a sensor only names what is new. The import is a run of its own for each file, so that a bad file
is a failed run with its message and stops no other.
"""

import json
import time

import dagster as dg

from acecoder_dagster.graph.operating.jobs import TAKE_IN
from acecoder_dagster.graph.operating.under_way import STARTED_BY
from acecoder_dagster.graph.resources import Project
from acecoder_dagster.questions.inbox import Entry, inbox_entries, source_entries

ENTRY_TAG = "acecoder/entry"
VERSION_TAG = "acecoder/version"
"""Tags of a run that takes in an entry: which one, and which version of it."""


def arrival_sensors(project: Project) -> list[dg.SensorDefinition]:
    """Return the sensors of the inbox and of the configured sources."""
    opened = project.open()
    inbox = opened.settings.inbox

    @dg.sensor(
        name="inbox",
        job_name=TAKE_IN,
        minimum_interval_seconds=inbox.seconds_between_looks,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Imports what is dropped into {opened.home.inbox(inbox.folder)}",
    )
    def watch_inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        now = project.open()
        settings = now.settings.inbox
        folder = now.home.inbox(settings.folder)
        folder.mkdir(parents=True, exist_ok=True)
        return _requests(context, inbox_entries(folder, settings.settle_seconds, time.time()), f"in {folder}", [])

    @dg.sensor(
        name="sources",
        job_name=TAKE_IN,
        minimum_interval_seconds=inbox.seconds_between_source_looks,
        default_status=dg.DefaultSensorStatus.RUNNING if inbox.sources else dg.DefaultSensorStatus.STOPPED,
        description="Imports the configured sources (inbox.sources) again when they change",
    )
    def watch_sources(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        entries, problems = source_entries(project.open().settings.inbox.sources)
        return _requests(context, entries, "among the sources of the profile", problems)

    return [watch_inbox, watch_sources]


def automation_sensor(project: Project) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that works on batches as soon as they arrive, by the assets' automation conditions."""
    return dg.AutomationConditionSensorDefinition(
        "on_arrival",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING
        if project.open().settings.refresh.on_arrival
        else dg.DefaultSensorStatus.STOPPED,
        run_tags={STARTED_BY: "on_arrival"},
    )


def _requests(
    context: dg.SensorEvaluationContext, entries: list[Entry], where: str, problems: list[str]
) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run for every entry whose version was not asked for yet; the cursor remembers them."""
    known: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
    new = [entry for entry in entries if known.get(entry.place) != entry.version]
    for problem in problems:
        context.log.warning(problem)
    if not new:
        failed = _failed(context.instance, entries)
        lines = [f"Nothing new {where}: {len(entries)} known, each taken in once", *problems]
        lines += [f"{place} could not be taken in: see run {run_id[:8]}, mend the file" for place, run_id in failed]
        return dg.SkipReason("; ".join(lines))
    requests = [
        dg.RunRequest(
            run_key=f"{entry.place} {entry.version}",
            run_config={"ops": {"imported_files": {"config": {"entry": entry.place}}}},
            tags={ENTRY_TAG: entry.place, VERSION_TAG: entry.version},
        )
        for entry in new
    ]
    cursor = json.dumps(known | {entry.place: entry.version for entry in entries})
    return dg.SensorResult(run_requests=requests, cursor=cursor)


def _failed(instance: dg.DagsterInstance, entries: list[Entry]) -> list[tuple[str, str]]:
    """Return place and run of those entries whose present version could not be taken in."""
    runs = instance.get_runs(dg.RunsFilter(job_name=TAKE_IN, statuses=[dg.DagsterRunStatus.FAILURE]), limit=100)
    by_version = {(run.tags.get(ENTRY_TAG), run.tags.get(VERSION_TAG)): run.run_id for run in runs}
    return [(e.place, by_version[e.place, e.version]) for e in entries if (e.place, e.version) in by_version]

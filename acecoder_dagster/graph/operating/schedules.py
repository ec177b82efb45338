"""Schedules: what is out of date is computed at night, models are trained and what is old removed once a week."""

import uuid

import dagster as dg

from acecoder_dagster.data.tables import PREFERENCE_PAIRS
from acecoder_dagster.graph.operating.cleaning import clean_job
from acecoder_dagster.graph.operating.jobs import DATA_ONLY, STANDARD_BENCHMARKS, TRAINING_AND_EVALUATION
from acecoder_dagster.graph.operating.selections import data_stages
from acecoder_dagster.graph.operating.under_way import STARTED_BY, runs_under_way
from acecoder_dagster.graph.partitions import range_tags, register_batches, registered_batches
from acecoder_dagster.graph.refresh.staleness import chosen_batches, first_stale_stage, stale_benchmarks, stale_tables
from acecoder_dagster.graph.resources import OpenProject, Project

DATA_SCHEDULE = "nightly_data"
TRAINING_SCHEDULE = "weekly_training"
CLEAN_SCHEDULE = "weekly_clean"
BENCHMARK_SCHEDULE = "nightly_benchmarks"


def schedules(project: Project) -> list[dg.ScheduleDefinition]:
    """Return all schedules, with times and time zone of the profile."""
    settings = project.open().settings
    refresh = settings.refresh
    on = dg.DefaultScheduleStatus.RUNNING if refresh.scheduled else dg.DefaultScheduleStatus.STOPPED

    @dg.schedule(
        name=DATA_SCHEDULE,
        job_name=DATA_ONLY,
        cron_schedule=refresh.data_cron,
        execution_timezone=refresh.time_zone,
        default_status=on,
        description="Computes what is out of date: new and changed batches, changed settings, changed SQL",
    )
    def data(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        return _data_requests(context, project.open())

    @dg.schedule(
        name=TRAINING_SCHEDULE,
        job_name=TRAINING_AND_EVALUATION,
        cron_schedule=refresh.training_cron,
        execution_timezone=refresh.time_zone,
        default_status=on,
        description="Trains the reward model and the policies on the tables as they are, and measures them",
    )
    def training(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if under_way := _under_way(context, TRAINING_SCHEDULE):
            return under_way
        if project.open().lake.current(PREFERENCE_PAIRS) is None:
            return dg.SkipReason("There are no preference pairs to train on yet: materialize preference_pairs first")
        return dg.RunRequest(tags={STARTED_BY: TRAINING_SCHEDULE})

    @dg.schedule(
        name=CLEAN_SCHEDULE,
        job=clean_job(project),
        cron_schedule=settings.retention.cron,
        execution_timezone=refresh.time_zone,
        default_status=on,
        description="Removes old versions of tables and models, and old logs, beyond what [retention] keeps",
    )
    def cleaning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _under_way(context, CLEAN_SCHEDULE) or dg.RunRequest(tags={STARTED_BY: CLEAN_SCHEDULE})

    @dg.schedule(
        name=BENCHMARK_SCHEDULE,
        job_name=STANDARD_BENCHMARKS,
        cron_schedule=refresh.data_cron,
        execution_timezone=refresh.time_zone,
        default_status=on,
        description="Evaluates models on the benchmarks of [benchmarks] for which that was not done, or is out of date",
    )
    def benchmarks(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        return _benchmark_requests(context, project.open())

    return [data, training, cleaning, benchmarks]


def _data_requests(context: dg.ScheduleEvaluationContext, project: OpenProject) -> list[dg.RunRequest] | dg.SkipReason:
    if under_way := _under_way(context, DATA_SCHEDULE):
        return under_way
    refresh = project.settings.refresh
    chosen = chosen_batches(project, refresh.batches)
    if not chosen:
        return dg.SkipReason(
            f"No batch fits refresh.batches = {list(refresh.batches)}: import files, or set it otherwise"
        )
    stale = {batch: first_stale_stage(project, batch) for batch in chosen}
    batches = [batch for batch, stage in stale.items() if stage is not None]
    tags = {STARTED_BY: DATA_SCHEDULE}
    if batches:
        context.log.info(f"Out of date: { {batch: f'from {stale[batch]} on' for batch in batches} }")
        register_batches(context.instance, batches)
        selection = [dg.AssetKey(name) for name in data_stages(project, batches)]
        ranges = range_tags(registered_batches(context.instance), batches, refresh.batches_per_run)
        return [_request(tags | of_range, selection) for of_range in ranges]
    if tables := stale_tables(project):
        return [dg.RunRequest(asset_selection=[dg.AssetKey(name) for name in tables], tags=tags)]
    return dg.SkipReason(f"{len(chosen)} batches and all tables are up to date: nothing is executed, no model called")


def _benchmark_requests(
    context: dg.ScheduleEvaluationContext, project: OpenProject
) -> list[dg.RunRequest] | dg.SkipReason:
    if under_way := _under_way(context, BENCHMARK_SCHEDULE):
        return under_way
    partitions = list(project.settings.benchmarks.partitions)
    if not partitions:
        return dg.SkipReason("benchmarks.models names no model: there is nothing to evaluate")
    stale = stale_benchmarks(project)
    if not stale:
        return dg.SkipReason(f"{len(partitions)} pairs of a model and a benchmark are up to date, or not trained yet")
    tags = {STARTED_BY: BENCHMARK_SCHEDULE}
    return [_request(tags | of_range) for of_range in range_tags(partitions, stale)]


def _request(tags: dict[str, str], selection: list[dg.AssetKey] | None = None) -> dg.RunRequest:
    """Return one of several requests; Dagster wants a key of each, and asks for no key twice."""
    return dg.RunRequest(run_key=uuid.uuid4().hex, asset_selection=selection, tags=tags)


def _under_way(context: dg.ScheduleEvaluationContext, schedule: str) -> dg.SkipReason | None:
    runs = runs_under_way(context.instance, schedule, context.scheduled_execution_time)
    return dg.SkipReason(f"Run {runs[0].run_id[:8]} of this schedule is still under way") if runs else None

"""A night that was killed keeps no later one from beginning."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from acecoder_dagster.graph.operating.origins import job_origin
from acecoder_dagster.graph.operating.under_way import SILENCE, STARTED_BY, runs_under_way

TAGS = {STARTED_BY: "nightly_data"}


@dg.job
def night():
    pass


@pytest.fixture
def begun(instance) -> dg.DagsterRun:
    """A run of a schedule that has begun and tells nothing more."""
    run = instance.create_run_for_job(night, status=dg.DagsterRunStatus.STARTED, tags=TAGS)
    instance.report_engine_event("begun", run)
    return run


def test_a_run_that_was_heard_of_lately_is_under_way(instance, begun):
    assert [run.run_id for run in runs_under_way(instance, "nightly_data", datetime.now(UTC))] == [begun.run_id]
    assert runs_under_way(instance, "weekly_training", datetime.now(UTC)) == []


def test_a_run_that_is_silent_for_long_is_marked_as_failed_and_under_way_no_more(instance, begun):
    later = datetime.now(UTC) + SILENCE + timedelta(minutes=1)

    assert runs_under_way(instance, "nightly_data", later) == []
    assert instance.get_run_by_id(begun.run_id).status == dg.DagsterRunStatus.FAILURE


def test_a_run_that_waits_in_the_queue_may_be_silent(instance):
    origin = job_origin("night")
    run = instance.create_run_for_job(night, status=dg.DagsterRunStatus.QUEUED, tags=TAGS, remote_job_origin=origin)
    later = datetime.now(UTC) + 10 * SILENCE

    assert [each.run_id for each in runs_under_way(instance, "nightly_data", later)] == [run.run_id]

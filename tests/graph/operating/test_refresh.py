"""What arrives in the inbox is imported once and worked on by the schedule; what is up to date is left alone."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from acecoder_dagster.data.tables import BATCH_TABLES
from acecoder_dagster.data.warehouse import run_query
from acecoder_dagster.questions.importing import ImportManifest, store_import
from tests.graph.operating.conftest import questions_file

FIRST = [f"first-{number:03}" for number in range(20)]


@pytest.fixture(scope="module")
def twenty(operation, tmp_path_factory):
    """Twenty finished batches of one question; returns the versions of their files."""
    file = tmp_path_factory.mktemp("first") / "first.jsonl"
    file.write_text(questions_file(0, 20))
    store_import(operation.home.root, ImportManifest(name="first", questions=(str(file),), questions_per_batch=1))
    assert operation.materialize(FIRST) == dict.fromkeys(FIRST, 2)
    return versions(operation)


@pytest.fixture(scope="module")
def refreshed(operation, twenty, daemon):
    """One good and one bad file were dropped; the daemon has taken in the good one and its schedule has refreshed."""
    (operation.inbox / "broken.jsonl").write_text("{this is not JSON")
    (operation.inbox / "dropped.jsonl").write_text(questions_file(100, 3))
    operation.wait("the schedule refreshes the new batch", lambda: "dropped-000" in operation.executed())
    operation.wait("its runs end", lambda: all(run.is_finished for run in operation.instance.get_runs()))
    assert any(run.is_success for run in operation.runs(started_by="nightly_data"))


def versions(operation) -> dict[tuple[str, str], str]:
    return {
        (p.table, p.batch): p.rows_file.name for table in BATCH_TABLES for p in operation.home.lake.partitions(table)
    }


def test_only_the_programs_of_the_new_batch_are_executed(operation, twenty, refreshed):
    assert operation.executed() == dict.fromkeys(FIRST, 2) | {"dropped-000": 6}
    assert versions(operation).items() > twenty.items()


def test_the_counts_are_in_sql_too(operation, twenty, refreshed):
    counts = run_query(
        operation.home.warehouse,
        """SELECT batch, programs_executed FROM runs WHERE stage = 'test_results' AND batch NOT LIKE 'first-%'""",
    )
    assert counts.rows() == [("dropped-000", 6)]
    assert run_query(operation.home.warehouse, "SELECT count(*) FROM pass_rates").item() == 46


def test_a_file_is_taken_in_once(operation, refreshed):
    assert len(operation.runs(entry="dropped.jsonl")) == 1


def test_a_bad_file_ends_as_one_failed_run_that_says_what_is_wrong(operation, refreshed):
    operation.wait("the bad file's run ends", lambda: operation.runs(entry="broken.jsonl")[0].is_finished)
    (run,) = operation.runs(entry="broken.jsonl")
    (failed,) = operation.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)

    assert run.is_failure
    assert "broken.jsonl, row 1: invalid JSON" in failed.dagster_event.step_failure_data.user_failure_data.description


def test_the_failed_run_is_told_to_the_web_address(operation, refreshed, notices):
    operation.wait("the notice arrives", lambda: notices)

    (notice,) = notices
    assert "broken.jsonl, row 1: invalid JSON" in notice["text"]
    assert notice["run"] == operation.runs(entry="broken.jsonl")[0].run_id


def test_the_sensor_names_the_bad_file_while_there_is_nothing_new(operation, refreshed):
    operation.wait("the bad file's run ends", lambda: operation.runs(entry="broken.jsonl")[0].is_finished)
    operation.wait(
        "the sensor looks again", lambda: "broken.jsonl could not be taken in" in last_skip(operation, "inbox")
    )


def test_a_second_refresh_executes_nothing_and_calls_no_model(operation, twenty, refreshed):
    before = versions(operation)
    executed = operation.materialize([*FIRST, "dropped-000"])
    schedule = operation.definitions.resolve_schedule_def("nightly_data")
    ticks = []

    def is_decided() -> bool:
        """Whether the schedule has looked: while a run of its own is under way, it does not."""
        ticks.append(
            schedule.evaluate_tick(
                dg.build_schedule_context(instance=operation.instance, scheduled_execution_time=datetime.now(UTC))
            )
        )
        return "still under way" not in (ticks[-1].skip_message or "")

    operation.wait("no run of the schedule is under way", is_decided)

    assert executed == dict.fromkeys([*FIRST, "dropped-000"], 0)
    assert versions(operation) == before
    assert ticks[-1].run_requests == []
    assert "21 batches and all tables are up to date" in ticks[-1].skip_message


def last_skip(operation, sensor: str) -> str:
    """Why the sensor did nothing, the last time it looked."""
    states = [state for state in operation.instance.all_instigator_state() if state.name == sensor]
    ticks = operation.instance.get_ticks(states[0].instigator_origin_id, states[0].selector_id, limit=1)
    return ticks[0].skip_reason or "" if ticks else ""

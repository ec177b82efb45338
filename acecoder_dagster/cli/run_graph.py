"""Running the graph from a terminal: prepare the project folder, run assets, say what came of it."""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

import dagster as dg

from acecoder_dagster.data.home import HOME_VARIABLE, PROFILE_VARIABLE, Home, RunError
from acecoder_dagster.graph.operating.jobs import UNFINISHED
from acecoder_dagster.graph.partitions import range_tags, register_batches
from acecoder_dagster.graph.worker_process import ACCELERATOR_POOL
from acecoder_dagster.settings import Settings

TERMINAL_TAG = "acecoder/terminal"
"""Marks runs that were started from a terminal."""


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run: success, failed steps with their messages, failed checks with their descriptions."""

    success: bool
    failed_steps: tuple[str, ...]
    failed_checks: tuple[str, ...]
    seconds: float


def prepare(home: Home, profile: str, settings: Settings) -> dg.DagsterInstance:
    """Make the project folder ready for Dagster and return its instance.

    Writes `dagster.yaml` when there is none, sets the pool's limit and removes what killed runs left in `scratch`.
    """
    home.dagster.mkdir(parents=True, exist_ok=True)
    configuration = home.dagster / "dagster.yaml"
    if not configuration.exists():
        shipped = files("acecoder_dagster.graph").joinpath("dagster.yaml").read_text(encoding="utf-8")
        configuration.write_text(shipped, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ[HOME_VARIABLE] = str(home.root)
    os.environ[PROFILE_VARIABLE] = profile
    instance = dg.DagsterInstance.get()
    instance.event_log_storage.set_concurrency_slots(ACCELERATOR_POOL, settings.machine.trainings_at_once)
    return instance


def close_killed_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark terminal runs that were killed as failed, free the places they hold in pools, and return their ids.

    To be called while `only_run` is held: then no terminal run is under way, whatever its status says.
    """
    unfinished = dg.RunsFilter(tags={TERMINAL_TAG: "true"}, statuses=UNFINISHED)
    killed = instance.get_runs(filters=unfinished)
    for run in killed:
        instance.report_run_failed(run, "The process of this run was killed")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return [run.run_id for run in killed]


def run_assets(instance: dg.DagsterInstance, batches: Sequence[str], assets: Sequence[str] | None = None) -> RunOutcome:
    """Run assets for some batches, with progress in the terminal.

    Args:
        instance: what `prepare` returned.
        batches: batches to run; those that are neighbours in Dagster's order share a run.
        assets: names of the assets, all of the graph when left out.
    """
    register_batches(instance, list(batches))
    started = time.monotonic()
    results = [_run(instance, tags, assets) for tags in range_tags(instance, batches) or [{}]]
    return RunOutcome(
        all(result.success for result in results),
        tuple(failure for result in results for failure in _failed_steps(result)),
        tuple(failure for result in results for failure in _failed_checks(result)),
        time.monotonic() - started,
    )


def _run(instance: dg.DagsterInstance, tags: dict[str, str], assets: Sequence[str] | None) -> dg.JobExecutionResult:
    from acecoder_dagster import definitions

    return dg.execute_job(
        dg.reconstructable(definitions.whole_pipeline),
        instance=instance,
        asset_selection=[dg.AssetKey(name) for name in assets] if assets else None,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={TERMINAL_TAG: "true", **tags},
        raise_on_error=False,
    )


@contextmanager
def only_run(home: Home) -> Iterator[None]:
    """Hold the project folder for one terminal run at a time.

    Raises:
        RunError: another run holds it.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"another run works in {home.root}: wait for it, or name another {HOME_VARIABLE}") from error
        yield


def _failed_steps(result: dg.JobExecutionResult) -> Iterator[str]:
    for event in result.filter_events(lambda event: event.is_step_failure):
        error = event.step_failure_data.error
        reason = event.step_failure_data.user_failure_data
        text = reason.description if reason and reason.description else error.to_string() if error else ""
        yield f"{event.step_key}: {text}"


def _failed_checks(result: dg.JobExecutionResult) -> Iterator[str]:
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed:
            yield f"{evaluation.asset_key.to_user_string()}.{evaluation.check_name}: {evaluation.description or ''}"

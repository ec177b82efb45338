"""Running the graph from a terminal: prepare the project folder, run assets, say what came of it."""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

import dagster as dg

from acecoder_dagster.home import HOME_VARIABLE, PROFILE_VARIABLE, Home
from acecoder_dagster.orchestration.partitions import register_batches, seed_batches
from acecoder_dagster.orchestration.workers import ACCELERATOR_POOL
from acecoder_dagster.settings import Settings


class RunError(RuntimeError):
    """A run cannot start; the message says why and what to do."""


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
        shipped = files("acecoder_dagster").joinpath("dagster.yaml").read_text(encoding="utf-8")
        configuration.write_text(shipped, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ[HOME_VARIABLE] = str(home.root)
    os.environ[PROFILE_VARIABLE] = profile
    instance = dg.DagsterInstance.get()
    instance.event_log_storage.set_concurrency_slots(ACCELERATOR_POOL, settings.machine.trainings_at_once)
    return instance


def run_assets(instance: dg.DagsterInstance, batches: Sequence[str], assets: Sequence[str] | None = None) -> RunOutcome:
    """Run assets for a range of batches in one run, with progress in the terminal.

    Args:
        instance: what `prepare` returned.
        batches: batches to run, all made in one go.
        assets: names of the assets, all of the graph when left out.
    """
    from acecoder_dagster import definitions

    register_batches(instance, list(batches))
    started = time.monotonic()
    assert seed_batches.name is not None
    known = instance.get_dynamic_partitions(seed_batches.name)
    wanted = sorted(batches, key=known.index)
    tags = {"dagster/asset_partition_range_start": wanted[0], "dagster/asset_partition_range_end": wanted[-1]}
    result = dg.execute_job(
        dg.reconstructable(definitions.whole_pipeline),
        instance=instance,
        asset_selection=[dg.AssetKey(name) for name in assets] if assets else None,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags=tags if batches else {},
        raise_on_error=False,
    )
    return RunOutcome(
        result.success,
        tuple(_failed_steps(result)),
        tuple(_failed_checks(result)),
        time.monotonic() - started,
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

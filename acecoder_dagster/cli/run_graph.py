"""Running the graph from a terminal: prepare the project folder, run assets, say what came of it."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files

import dagster as dg
from dagster._core.execution.api import execute_run
from filelock import FileLock, Timeout

from acecoder_dagster.cli.printing import INTERRUPTED, print_stopped
from acecoder_dagster.data.home import HOME_VARIABLE, PROFILE_VARIABLE, Home, RunError
from acecoder_dagster.graph.operating.failures import step_failures
from acecoder_dagster.graph.operating.jobs import STANDARD_BENCHMARKS, UNFINISHED, WHOLE_PIPELINE
from acecoder_dagster.graph.operating.origins import DEFINITIONS, TERMINAL_TAG, job_origin
from acecoder_dagster.graph.partitions import range_tags, register_batches, registered_batches
from acecoder_dagster.graph.refresh.staleness import BENCHMARK_STAGES
from acecoder_dagster.graph.worker_process import ACCELERATOR_POOL
from acecoder_dagster.settings import Settings, read_settings


@dataclass(frozen=True)
class RunOutcome:
    """What came of a run: assets that were made, failed steps and checks with their reasons."""

    succeeded: bool
    stages: tuple[str, ...]
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


def run_assets(
    instance: dg.DagsterInstance,
    home: Home,
    profile: str,
    batches: Sequence[str],
    assets: Sequence[str] | None = None,
    pairs: Sequence[str] = (),
) -> RunOutcome:
    """Run assets for some batches, then models on standard benchmarks, with progress in the terminal.

    Args:
        instance: what `prepare` returned.
        home: project folder.
        profile: profile name or file.
        batches: batches to run; those that are neighbours in Dagster's order share a run.
        assets: names of the assets, all of the graph when left out.
        pairs: pairs of a model and a benchmark to run, by the names of their partitions.
    """
    register_batches(instance, list(batches))
    known_pairs = list(read_settings(profile).benchmarks.partitions)
    names = [stage.name for stage in BENCHMARK_STAGES]
    others = None if assets is None else [name for name in assets if name not in names]
    of_pairs = None if assets is None else [name for name in assets if name in names]
    started = time.monotonic()
    runs = [(WHOLE_PIPELINE, tags, others) for tags in range_tags(registered_batches(instance), batches) or [{}]]
    runs += [(STANDARD_BENCHMARKS, tags, of_pairs) for tags in range_tags(known_pairs, pairs)]
    with _end_on_interrupt():
        results = [
            _run(instance, home, profile, job, tags, named) for job, tags, named in runs if named is None or named
        ]
    failed_checks = tuple(failure for result in results for failure in _failed_checks(result))
    return RunOutcome(
        all(result.success for result in results) and not failed_checks,
        tuple(dict.fromkeys(stage for result in results for stage in _made_stages(result))),
        tuple(failure for result in results for failure in step_failures(result.all_events)),
        failed_checks,
        time.monotonic() - started,
    )


@contextmanager
def _end_on_interrupt() -> Iterator[None]:
    """End this process at once when Ctrl-C is typed, with one line that says how to go on.

    Dagster would wait for its steps and show their tracebacks. The steps end with this process, see
    `end_with_parent_process`, and whatever was finished is kept. Python tells a thread of every signal through a pipe,
    whoever has taken over its handling meanwhile.
    """
    # The tracker of shared memory outlives this process by a moment, cleans up, and would warn that it had to.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker:UserWarning"
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def wait() -> None:
        while told := os.read(reading, 1):
            if told[0] == signal.SIGINT:
                print_stopped()
                sys.stdout.flush()
                os._exit(INTERRUPTED)

    watching = threading.Thread(target=wait, name="end-on-interrupt", daemon=True)
    watching.start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)
        watching.join()
        os.close(reading)


def _run(
    instance: dg.DagsterInstance,
    home: Home,
    profile: str,
    job_name: str,
    tags: dict[str, str],
    assets: Sequence[str] | None,
) -> dg.JobExecutionResult:
    job = dg.build_reconstructable_job(
        DEFINITIONS,
        "job_of_folder",
        reconstructable_kwargs={"root": str(home.root), "profile": profile, "job": job_name},
    )
    run = instance.create_run_for_job(
        job.get_definition(),
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        tags={TERMINAL_TAG: "true", **tags},
        asset_selection=frozenset(dg.AssetKey(name) for name in assets) if assets else None,
        remote_job_origin=job_origin(job_name),
        job_code_origin=job.get_python_origin(),
    )
    return execute_run(job, run, instance)


@contextmanager
def only_run(home: Home) -> Iterator[None]:
    """Hold the project folder for one terminal run at a time.

    Raises:
        RunError: another run holds it.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(home.root / "run.lock", blocking=False):
            yield
    except Timeout as error:
        raise RunError(f"another run works in {home.root}: wait for it, or name another {HOME_VARIABLE}") from error


def _made_stages(result: dg.JobExecutionResult) -> Iterator[str]:
    for event in result.filter_events(lambda event: event.is_step_materialization):
        assert event.asset_key is not None
        yield event.asset_key.to_user_string()


def _failed_checks(result: dg.JobExecutionResult) -> Iterator[str]:
    for evaluation in result.get_asset_check_evaluations():
        if not evaluation.passed:
            yield f"{evaluation.asset_key.to_user_string()}.{evaluation.check_name}: {evaluation.description or ''}"

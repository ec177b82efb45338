"""Runs in containers of their own, beside the code location: see containers/compose.runs.yaml.

A run's container is the code location's once more, with the limits of a run: the same image, environment, user,
volumes, networks and hardening. What it is made of is asked of the Docker engine, and never taken from the record of a
run: who can write such records has no way to a container with more power.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import docker
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._grpc.types import ExecuteRunArgs
from dagster_docker.docker_run_launcher import DOCKER_CONTAINER_ID_TAG, DockerRunLauncher

PROJECT_VARIABLE = "ACECODER_COMPOSE_PROJECT"
MEMORY_VARIABLE = "ACECODER_RUN_MEMORY"
CPUS_VARIABLE = "ACECODER_RUN_CPUS"
CODE_LOCATION = "code-location"
RUN_SERVICE = "run"
RUN_LABEL = "dagster/run_id"
PROJECT_LABEL = "com.docker.compose.project"
SERVICE_LABEL = "com.docker.compose.service"
ONE_OFF_LABEL = "com.docker.compose.oneoff"
CONFIG_LABEL = "com.docker.compose.config-hash"
"""Compose sees no container without it."""
TIME_TO_END = timedelta(minutes=5)
"""How long a process may go on after its run has ended; one that is stuck is stopped by then."""


class RunContainers(DockerRunLauncher):
    """Starts a container for each run. Only the daemon, which does this, needs the Docker engine."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the container of a run, and remove those of runs that have ended.

        Raises:
            RuntimeError: there is no container of the code location to make another one of.
        """
        run = context.dagster_run
        origin = context.job_code_origin
        assert origin is not None
        command = ExecuteRunArgs(origin, run.run_id, self._instance.get_ref()).get_command_args()
        with _engine() as engine:
            self._remove_ended(engine)
            described, networks = _like_the_code_location(engine)
            described["Cmd"] = command
            described["Labels"] |= {RUN_LABEL: run.run_id}
            name = f"{os.environ[PROJECT_VARIABLE]}-run-{run.run_id[:8]}"
            container = engine.api.create_container_from_config(described, name=name)["Id"]
            for network in networks:
                engine.api.connect_container_to_network(container, network)
            self._instance.add_run_tags(run.run_id, {DOCKER_CONTAINER_ID_TAG: container})
            engine.api.start(container)
        self._instance.report_engine_event(f"The run has a container of its own, {name}", run)

    @property
    def supports_resume_run(self) -> bool:
        """A run that was killed is not resumed: the next one takes over what it finished."""
        return False

    def terminate(self, run_id: str) -> bool:
        """Ask a run to stop: its own process looks for that, see `run_cancelling`.

        So whoever stops a run needs no Docker engine.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Return whether the container of a run works; why it ended is asked by `get_run_worker_debug_info`."""
        if DOCKER_CONTAINER_ID_TAG not in run.tags:
            # Of a terminal: the process that was started there is all there is of it.
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        health: CheckRunHealthResult = super().check_run_worker_health(run)
        if health.status == WorkerStatus.FAILED:
            return CheckRunHealthResult(WorkerStatus.FAILED, msg="its container has ended")
        return health

    def get_run_worker_debug_info(self, run: dg.DagsterRun, include_container_logs: bool | None = True) -> str | None:
        """Return why the container of a run ended; nothing where it has not."""
        container: Any = self._get_container(run)  # type: ignore[no-untyped-call]
        if container is None or container.status != "exited":
            return None
        state = container.attrs["State"]
        if state["OOMKilled"]:
            memory = container.attrs["HostConfig"]["Memory"] // 2**20
            return f"The run was killed: it needed more memory than its {memory} MiB ({MEMORY_VARIABLE})"
        return f"The process of the run ended with exit code {state['ExitCode']}"

    def _remove_ended(self, engine: Any) -> None:  # noqa: ANN401 - docker has no types
        """Remove containers that are no longer needed; Docker keeps them, as run monitoring asks why they ended."""
        long_ago = (datetime.now(UTC) - TIME_TO_END).timestamp()
        for container in engine.containers.list(all=True, filters={"label": [_of_this_project(), RUN_LABEL]}):
            record = self._instance.get_run_record_by_id(container.labels[RUN_LABEL])
            ended = record is None or record.dagster_run.is_finished
            if ended and (container.status == "exited" or record is None or (record.end_time or 0) < long_ago):
                container.remove(force=True)


def _like_the_code_location(engine: Any) -> tuple[dict[str, Any], list[str]]:  # noqa: ANN401 - docker has no types
    """Return what describes a container like the code location's, and the networks that it is to be in besides."""
    found = engine.containers.list(
        all=True, filters={"label": [_of_this_project(), f"{SERVICE_LABEL}={CODE_LOCATION}", f"{ONE_OFF_LABEL}=False"]}
    )
    if not found:
        raise RuntimeError(f"{os.environ[PROJECT_VARIABLE]} has no container of the service {CODE_LOCATION}")
    # While it is being replaced there are two.
    model = max(found, key=lambda container: container.attrs["Created"]).attrs
    memory = docker.utils.parse_bytes(os.environ[MEMORY_VARIABLE])
    kept = ("Env", "User", "WorkingDir", "Entrypoint", "Volumes")
    described = {
        **{key: model["Config"][key] for key in kept},
        "Image": model["Image"],
        # Of a service that no compose file has: `up` leaves it alone, `down --remove-orphans` removes it.
        "Labels": {
            PROJECT_LABEL: os.environ[PROJECT_VARIABLE],
            SERVICE_LABEL: RUN_SERVICE,
            ONE_OFF_LABEL: "False",
            CONFIG_LABEL: "of a run",
        },
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": model["HostConfig"]
        | {
            "Memory": memory,
            "MemorySwap": memory,
            "NanoCpus": int(float(os.environ[CPUS_VARIABLE]) * 1e9),
            "RestartPolicy": {"Name": "no"},
            "PortBindings": {},
        },
    }
    first = model["HostConfig"]["NetworkMode"]
    return described, [network for network in model["NetworkSettings"]["Networks"] if network != first]


def _of_this_project() -> str:
    return f"{PROJECT_LABEL}={os.environ[PROJECT_VARIABLE]}"


@contextmanager
def _engine() -> Iterator[Any]:
    with closing(docker.from_env()) as engine:
        yield engine

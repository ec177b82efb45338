"""Sandboxes as hardened Docker containers, each of which lives as long as its judge needs it."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
import docker.errors
import docker.models.containers
import docker.types
import requests

from acecoder_dagster.judge.launch.environment import INTERPRETER_OPTIONS, environment, new_user_id
from acecoder_dagster.judge.launch.images import check_image, connect_engine, ensure_image, image_contents
from acecoder_dagster.judge.sandbox import BOOTSTRAP, START_SECONDS, Sandbox
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import SandboxUnavailableError

LABEL = "acecoder.sandbox"  # its value is the process that started the container
STOP_SECONDS = 20
SOCKET_FOLDER = "/run/acecoder"
SOCKET_NAME = "judge.sock"
RESERVE_MB = 256  # for the zygote and page tables, above what programs may use
SCIENTIFIC_RESERVE_MB = 1024
POLL_SECONDS = 0.5

_log = logging.getLogger(__name__)


class DockerLauncher:
    """Starts sandboxes as containers: without network, without rights over the machine, all files read-only."""

    name = "docker"

    def __init__(self, settings: SandboxSettings) -> None:
        """Reach the engine, and build the image if it is missing.

        Args:
            settings: the limits of every sandbox.

        Raises:
            SandboxUnavailableError: no engine answers, it does not know the runtime, or the image is missing and cannot
                be built.
        """
        self._settings = settings
        with contextlib.closing(connect_engine()) as engine:
            _check_runtime(engine, settings.runtime)
            # With this driver all containers share one control group, which gets as much processor time as one process
            # outside. At the root, each container has a group of its own, and gets that much.
            self._parent_group = "/" if engine.info()["CgroupDriver"] == "cgroupfs" else None
            if settings.image is None:
                self._image = ensure_image(engine, settings.read_set())
            else:
                check_image(engine, settings.image)
                self._image = settings.image
            self.identity: tuple[str, ...] = ("docker", image_contents(engine, self._image))
            _remove_never_started(engine)

    def start(self, scientific: bool) -> Sandbox:
        """Start one sandbox.

        Args:
            scientific: whether it loads the scientific packages before it is ready.

        Returns:
            A sandbox that is ready for questions.

        Raises:
            SandboxUnavailableError: the engine refused, or the container does not answer.
        """
        engine = connect_engine()
        # Only this user can reach the outer folder. The container is given the inner one: its root has no power over
        # file permissions. Both are removed as soon as it has connected.
        with tempfile.TemporaryDirectory(prefix="acecoder-judge-") as outer:
            inner = Path(outer) / "socket"
            inner.mkdir(mode=0o755)
            inner.chmod(0o755)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                listener.bind(str(inner / SOCKET_NAME))
                (inner / SOCKET_NAME).chmod(0o666)
                listener.listen(1)
                try:
                    container = self._run(engine, inner, scientific)
                except (docker.errors.DockerException, requests.RequestException) as error:
                    engine.close()
                    raise SandboxUnavailableError(f"Docker cannot start {self._image}: {error}") from error
                process = _Container(engine, container)
                channel = self._accept(listener, process)
        return Sandbox(channel, process, self._settings, new_user_id(), scientific)

    def _accept(self, listener: socket.socket, process: _Container) -> socket.socket:
        listener.settimeout(POLL_SECONDS)
        for _ in range(int(START_SECONDS / POLL_SECONDS)):
            with contextlib.suppress(TimeoutError):
                return listener.accept()[0]
            if not process.is_running():
                break
        process.stop()
        raise SandboxUnavailableError(
            f"a container of {self._image} started but did not connect: does it have python3, 3.11 or newer?"
        )

    def _run(self, engine: docker.DockerClient, folder: Path, scientific: bool) -> docker.models.containers.Container:
        settings = self._settings
        reserve = SCIENTIFIC_RESERVE_MB if scientific else RESERVE_MB
        memory = f"{settings.memory_mb + settings.scratch_mb + reserve}m"
        program = (
            "import _socket\n"
            "channel = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)\n"
            f"channel.connect('{SOCKET_FOLDER}/{SOCKET_NAME}')\n"
            f"{BOOTSTRAP}"
        )
        return engine.containers.run(
            self._image,
            [*INTERPRETER_OPTIONS, "-c", program],
            entrypoint=["python3"],
            detach=True,
            auto_remove=True,
            user="0:0",
            cap_drop=["ALL"],
            cap_add=["SETUID", "SETGID", "KILL"],
            security_opt=["no-new-privileges"],
            runtime=settings.runtime,
            cgroup_parent=self._parent_group,
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={settings.scratch_mb}m,nr_inodes=16k"},  # noqa: S108
            shm_size=f"{settings.scratch_mb}m",
            mem_limit=memory,
            memswap_limit=memory,
            pids_limit=settings.processes + 8,
            ulimits=[docker.types.Ulimit(name="core", soft=0, hard=0)],
            oom_score_adj=500,
            log_config=docker.types.LogConfig(type="none"),
            environment=environment(),
            working_dir="/tmp",  # noqa: S108 - the container's own
            hostname="sandbox",
            extra_hosts={"sandbox": "127.0.0.1"},
            labels={LABEL: str(os.getpid())},
            volumes={str(folder): {"bind": SOCKET_FOLDER, "mode": "ro"}},
        )


def _check_runtime(engine: docker.DockerClient, runtime: str | None) -> None:
    known = sorted(engine.info()["Runtimes"])
    if runtime is not None and runtime not in known:
        raise SandboxUnavailableError(
            f"the Docker engine has no runtime {runtime} (setting sandbox.runtime), it has {', '.join(known)}: "
            "install it and name it in the engine's daemon.json, or leave the setting out"
        )


def _remove_never_started(engine: docker.DockerClient) -> None:
    """Remove containers of a judge that was killed before it could start them; one that was started removes itself."""
    never_started: dict[str, Any] = {"label": LABEL, "status": "created"}
    for container in engine.containers.list(all=True, filters=never_started, ignore_removed=True):
        age = time.time() - datetime.fromisoformat(container.attrs["Created"]).timestamp()
        if age > START_SECONDS:
            with contextlib.suppress(docker.errors.APIError):  # another judge was faster
                container.remove(force=True)


class _Container:
    def __init__(self, engine: docker.DockerClient, container: docker.models.containers.Container) -> None:
        self._engine = engine
        self._container = container

    def is_running(self) -> bool:
        try:
            self._container.reload()
        except docker.errors.NotFound:
            return False
        return bool(self._container.status in ("created", "running"))

    def stop(self) -> None:
        try:
            self._container.wait(condition="removed", timeout=STOP_SECONDS)
        except docker.errors.NotFound:
            pass  # it ended, and the engine removed it, before we asked
        except (docker.errors.DockerException, requests.RequestException):
            self._remove()
        finally:
            self._engine.close()

    def _remove(self) -> None:
        try:
            self._container.remove(force=True)
        except docker.errors.NotFound:
            pass
        except (docker.errors.DockerException, requests.RequestException) as error:
            # Its first process has ended with our end of the socket; an engine that comes back removes what ended.
            _log.warning("the Docker engine did not remove the container %s: %s", self._container.short_id, error)

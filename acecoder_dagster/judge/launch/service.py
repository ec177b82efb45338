"""Sandboxes from a service: containers that wait for a judge, as in `containers/compose.yaml`.

The judge and the containers share a folder. A judge that needs a sandbox opens a socket there, and a free container
connects to it (`containers/sandbox/wait_for_judge.py`). When the judge closes the connection, the container ends with
everything in it, and the service starts it again. So the judge needs neither a Docker engine nor the right to make
namespaces.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from pathlib import Path

from acecoder_dagster.judge.launch.environment import new_user_id
from acecoder_dagster.judge.launch.images import image_name
from acecoder_dagster.judge.sandbox import BOOTSTRAP, Sandbox
from acecoder_dagster.judge.settings import SANDBOXES_PER_WORKER, SandboxSettings
from acecoder_dagster.judge.types import SandboxUnavailableError

FOLDER_VARIABLE = "ACECODER_SANDBOXES"
"""Environment variable: the folder in which judges and containers meet."""

SERVED_SET = "base"
WAIT_SECONDS = (
    300.0  # another judge may have all of them, and the engine delays a container that ends often by up to a minute
)


class ServiceLauncher:
    """Takes sandboxes from a service."""

    name = "service"

    def __init__(self, settings: SandboxSettings) -> None:
        """Find the folder, and remove sockets that killed judges left in it.

        Args:
            settings: the limits of every sandbox. The service itself limits memory and scratch space of a container.

        Raises:
            SandboxUnavailableError: the environment names no folder, or one in which this user may not write.
        """
        folder = os.environ.get(FOLDER_VARIABLE)
        if folder is None:
            raise SandboxUnavailableError(
                f"{FOLDER_VARIABLE} names no folder in which sandboxes wait: start the services of "
                "containers/compose.yaml, or set the launcher to docker or bubblewrap"
            )
        self._folder = Path(folder)
        self._settings = settings
        if (settings.set, settings.requirements) != (SERVED_SET, None):
            raise SandboxUnavailableError(
                f"the services of containers/compose.yaml have the set {SERVED_SET}: for another one (settings "
                "sandbox.set and sandbox.requirements) set the launcher to docker or bubblewrap"
            )
        self.identity: tuple[str, ...] = ("service", image_name(settings.read_set()))
        if not os.access(self._folder, os.W_OK):
            raise SandboxUnavailableError(f"{FOLDER_VARIABLE} names {folder}, which is no folder to write in")
        for socket_file in self._folder.iterdir():
            if time.time() - socket_file.stat().st_mtime > WAIT_SECONDS:
                socket_file.unlink(missing_ok=True)

    def start(self, scientific: bool) -> Sandbox:
        """Take one sandbox.

        Args:
            scientific: whether it loads the scientific packages before it is ready.

        Returns:
            A sandbox that is ready for questions.

        Raises:
            SandboxUnavailableError: none was free for five minutes, or the one that connected does not work.
        """
        address = self._folder / secrets.token_hex(8)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(address))
            try:
                # Anyone who can reach the folder may connect: the root of a container has no power over permissions.
                address.chmod(0o666)
                listener.listen(1)
                listener.settimeout(WAIT_SECONDS)
                channel, _ = listener.accept()
            except TimeoutError as error:
                raise SandboxUnavailableError(
                    f"no sandbox was free in {self._folder} for {WAIT_SECONDS:.0f} s: is the service up, and has it "
                    f"{SANDBOXES_PER_WORKER} containers for each of the setting sandbox.workers?"
                ) from error
            finally:
                address.unlink()
        try:
            channel.send(BOOTSTRAP.encode())
        except OSError as error:
            channel.close()
            raise SandboxUnavailableError(f"a sandbox ended as soon as it had connected: {error}") from error
        return Sandbox(channel, _EndsByItself(), self._settings, new_user_id(), scientific)


class _EndsByItself:
    def stop(self) -> None:
        """Do nothing: the container ends with the connection, and the engine waits for it."""

"""Sandboxes that somebody else starts: containers of a service, which wait for a judge in a folder they share with it.

`containers/compose.yaml` is such a service. Who judges needs no Docker engine, then, and no right to make namespaces:
a judge that wants a sandbox opens a socket in the folder, and whichever container is free connects to it
(`containers/sandbox/wait_for_judge.py`). When the judge closes the connection the container ends, with everything that
ran in it, and the service starts it afresh.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from pathlib import Path

from acecoder_dagster.judge.launch.environment import new_user_id
from acecoder_dagster.judge.launch.images import project_image
from acecoder_dagster.judge.sandbox import BOOTSTRAP, Sandbox
from acecoder_dagster.judge.settings import SANDBOXES_PER_WORKER, SandboxSettings
from acecoder_dagster.judge.types import SandboxUnavailableError

FOLDER_VARIABLE = "ACECODER_SANDBOXES"
"""Names the folder in which judges and the service's containers meet."""

WAIT_SECONDS = 300.0  # another step may have all; the engine lets one that ends again and again wait for a minute


class ServiceLauncher:
    """Takes sandboxes from a service."""

    name = "service"

    def __init__(self, settings: SandboxSettings) -> None:
        """Find the folder, and remove what killed judges left in it.

        Args:
            settings: the limits of every sandbox; those on memory and scratch space are the service's own.

        Raises:
            SandboxUnavailableError: the environment names no folder, or this user may not write there.
        """
        folder = os.environ.get(FOLDER_VARIABLE)
        if folder is None:
            raise SandboxUnavailableError(
                f"{FOLDER_VARIABLE} names no folder in which sandboxes wait: start the services of "
                "containers/compose.yaml, or set the launcher to docker or bubblewrap"
            )
        self._folder = Path(folder)
        self._settings = settings
        self.identity: tuple[str, ...] = ("service", settings.image or project_image())
        if not os.access(self._folder, os.W_OK):
            raise SandboxUnavailableError(f"{FOLDER_VARIABLE} names {folder}, which is no folder to write in")
        for left in self._folder.iterdir():
            if time.time() - left.stat().st_mtime > WAIT_SECONDS:
                left.unlink(missing_ok=True)

    def start(self, scientific: bool) -> Sandbox:
        """Take one sandbox.

        Args:
            scientific: whether it loads the scientific packages that are installed.

        Returns:
            A sandbox that is ready for questions.

        Raises:
            SandboxUnavailableError: none was free for five minutes, or the one that was does not work.
        """
        address = self._folder / secrets.token_hex(8)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(address))
            try:
                # Whatever can reach the folder may connect: a container whose root has no power over permissions.
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
        """Do nothing: the container ends with the connection, and it is the engine that waits for it."""

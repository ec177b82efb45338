"""Chooses how sandboxes are started on this machine."""

from __future__ import annotations

import logging
from typing import Protocol

from acecoder_dagster.sandbox.bubblewrap_launcher import BubblewrapLauncher
from acecoder_dagster.sandbox.connection import Sandbox
from acecoder_dagster.sandbox.docker_launcher import DockerLauncher
from acecoder_dagster.sandbox.settings import SandboxSettings
from acecoder_dagster.sandbox.types import SandboxUnavailableError

_log = logging.getLogger(__name__)


class Launcher(Protocol):
    """Starts sandboxes, all alike."""

    name: str

    def start(self, scientific: bool) -> Sandbox:
        """Start one sandbox that is ready for questions.

        Args:
            scientific: whether it loads the scientific packages that are installed.

        Raises:
            SandboxUnavailableError: it does not start.
        """


def choose_launcher(settings: SandboxSettings) -> Launcher:
    """Find the way to start sandboxes.

    Args:
        settings: `launcher` names one, or "auto": Docker where an engine answers and the image is there or
            can be built, else bubblewrap.

    Returns:
        A launcher. Nothing is ever run outside a sandbox.

    Raises:
        SandboxUnavailableError: there is none; the message says what to install.
    """
    if settings.launcher == "docker":
        return DockerLauncher(settings)
    if settings.launcher == "bubblewrap":
        return BubblewrapLauncher(settings)
    try:
        return DockerLauncher(settings)
    except SandboxUnavailableError as error:
        no_docker = error
    try:
        launcher = BubblewrapLauncher(settings)
    except SandboxUnavailableError as error:
        raise SandboxUnavailableError(f"programs are only run in a sandbox: {no_docker}; {error}") from error
    _log.info("sandboxes are started by bubblewrap: %s", no_docker)
    return launcher

"""Chooses what starts the sandboxes on this machine."""

from __future__ import annotations

import logging
import os
import threading
import time

from acecoder_dagster.judge.launch.bubblewrap import BubblewrapLauncher
from acecoder_dagster.judge.launch.containers import DockerLauncher
from acecoder_dagster.judge.launch.service import FOLDER_VARIABLE, ServiceLauncher
from acecoder_dagster.judge.sandbox import Launcher, Sandbox
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import JudgeClosedError, SandboxUnavailableError

RESTART_SECONDS = 90.0  # a Docker engine that is restarted answers again after this time
RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class PatientLauncher:
    """Starts sandboxes by another launcher. Once that has worked, a failure is tried again for a while."""

    def __init__(self, launcher: Launcher) -> None:
        self.name = launcher.name
        self.identity = launcher.identity
        self._launcher = launcher
        self._has_started = False
        self._closed = threading.Event()

    def start(self, scientific: bool) -> Sandbox:
        """Start one sandbox that is ready for questions.

        Args:
            scientific: whether it loads the scientific packages before it is ready.

        Raises:
            SandboxUnavailableError: none ever started, or none started during the last 90 s.
            JudgeClosedError: `close` was called meanwhile.
        """
        give_up_at = time.monotonic() + RESTART_SECONDS
        while not self._closed.is_set():
            try:
                sandbox = self._launcher.start(scientific)
            except SandboxUnavailableError as error:
                if not self._has_started or time.monotonic() >= give_up_at:
                    raise
                _log.warning("sandboxes have become unavailable, trying again: %s", error)
                self._closed.wait(RETRY_SECONDS)
            else:
                self._has_started = True
                return sandbox
        raise JudgeClosedError("the judge was closed")

    def close(self) -> None:
        """Stop trying."""
        self._closed.set()


def choose_launcher(settings: SandboxSettings) -> Launcher:
    """Find something that starts sandboxes.

    Args:
        settings: its `launcher` names one. "auto" takes the first that is there: a service of sandboxes, whose folder
            the environment names; Docker, where an engine answers and the image is there or can be built; bubblewrap,
            the system's or the bundled one.

    Returns:
        A launcher. No program is ever run outside a sandbox.

    Raises:
        SandboxUnavailableError: there is none; the message says what to install.
    """
    if settings.launcher == "service" or (settings.launcher == "auto" and FOLDER_VARIABLE in os.environ):
        return ServiceLauncher(settings)
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

"""Chooses how sandboxes are started on this machine."""

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
    """Starts sandboxes by another launcher; what worked once and does not any more is tried again for a while."""

    def __init__(self, launcher: Launcher) -> None:
        self.name = launcher.name
        self.identity = launcher.identity
        self._launcher = launcher
        self._has_started = False
        self._closed = threading.Event()

    def start(self, scientific: bool) -> Sandbox:
        """Start one sandbox that is ready for questions.

        Args:
            scientific: whether it loads the scientific packages that are installed.

        Raises:
            SandboxUnavailableError: none ever started, or none has for a minute and a half.
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
        """Stop waiting for sandboxes to start."""
        self._closed.set()


def choose_launcher(settings: SandboxSettings) -> Launcher:
    """Find the way to start sandboxes.

    Args:
        settings: `launcher` names one, or "auto": a service of sandboxes where the environment names its folder,
            else Docker where an engine answers and the image is there or can be built, else bubblewrap.

    Returns:
        A launcher. Nothing is ever run outside a sandbox.

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

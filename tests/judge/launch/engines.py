"""A Docker engine of one's own, that may be restarted without anybody else noticing."""

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import docker

from acecoder_dagster.judge import SandboxSettings, image_name

START_SECONDS = 60


class OwnEngine:
    """A second dockerd; needs root, as every dockerd does.

    Everything it starts lives in process and mount namespaces of its own, and ends with them.
    """

    def __init__(self, folder: Path) -> None:
        self.address = f"unix://{folder}/docker.sock"
        self._log = folder / "log"
        self._pid_files = [folder / "pid", folder / "exec" / "containerd" / "containerd.pid"]
        self._command = [
            *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
            "dockerd",
            f"--host={self.address}",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--pidfile={self._pid_files[0]}",
            "--containerd-namespace=acecoder-test",
            "--containerd-plugins-namespace=acecoder-test-plugins",
            "--bridge=none",
            "--iptables=false",
            "--ip-forward=false",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        for _ in range(START_SECONDS * 10):
            with contextlib.suppress(docker.errors.DockerException), self.client() as client:
                if client.ping():
                    return
            assert self._process.poll() is None, self._log.read_text()[-2000:]
            time.sleep(0.1)
        raise AssertionError(self._log.read_text()[-2000:])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        started = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        os.kill(int(started[0]), number)
        self._process.wait(START_SECONDS)
        for file in self._pid_files:
            # In the next namespace of processes another process has that number: it would be taken for the old one.
            file.unlink(missing_ok=True)

    @contextlib.contextmanager
    def client(self) -> Iterator[docker.DockerClient]:
        client = docker.DockerClient(base_url=self.address)
        try:
            yield client
        finally:
            client.close()

    def containers(self) -> list[str]:
        with self.client() as client:
            return [container.id for container in client.containers.list(all=True, ignore_removed=True)]

    def take_image(self) -> None:
        """Copy the image of the sandboxes from the machine's engine."""
        with contextlib.closing(docker.from_env()) as source, self.client() as client:
            client.images.load(source.images.get(image_name(SandboxSettings().read_set())).save(named=True))


@contextlib.contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """A running engine that has the image, and is gone with all its containers afterwards."""
    # Not the test's own folder: names of sockets must be short.
    with tempfile.TemporaryDirectory(prefix="engine-", ignore_cleanup_errors=True) as folder:
        engine = OwnEngine(Path(folder))
        engine.start()
        try:
            engine.take_image()
            yield engine
        finally:
            with engine.client() as client:
                for container in client.containers.list(all=True, ignore_removed=True):
                    container.remove(force=True)
            engine.stop()

"""S3 servers of this machine."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

SECONDS_TO_START = 60


@dataclass(frozen=True)
class Server:
    """A server that runs, and what clients find in their environment."""

    name: str
    endpoint: str
    folder: Path | None = None

    def make_bucket(self, name: str) -> None:
        """Make a bucket: a folder, where the server shows one."""
        if self.folder is None:
            requests.put(f"{self.endpoint}/{name}", timeout=60).raise_for_status()
        else:
            (self.folder / name).mkdir()

    @property
    def environment(self) -> dict[str, str]:
        """Credentials and address, by the names that obstore reads."""
        return {
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
        }


@contextmanager
def moto_server() -> Iterator[Server]:
    """Run moto's server, in memory: it knows conditions on writes, and is slow."""
    port = _free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with _running(command, port) as endpoint:
        yield Server("moto", endpoint)


@contextmanager
def rclone_server() -> Iterator[Server | None]:
    """Run rclone's server on a folder, for speed; None where there is no rclone."""
    rclone = shutil.which("rclone", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if rclone is None:
        yield None
        return
    port = _free_port()
    with tempfile.TemporaryDirectory() as folder:
        key = "--auth-key=benchmark,benchmark"
        command = [rclone, "serve", "s3", "--addr", f"127.0.0.1:{port}", key, folder]
        with _running(command, port) as endpoint:
            yield Server("rclone", endpoint, Path(folder))


@contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    endpoint = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(endpoint, process)
            yield endpoint
        finally:
            process.kill()


def _wait_for(endpoint: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended with {process.returncode}"
        try:
            requests.get(endpoint, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"no server at {endpoint}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])

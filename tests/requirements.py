"""What some tests need of the machine besides Python: the one place that knows it, and that skips them without it.

`needs("docker")` marks a test, `pytestmark = needs("docker", "compose")` all tests of a module, and a fixture calls
`require("docker")`.
"""

import functools
import os
import shutil
import subprocess
from collections.abc import Callable

import docker
import pytest
import requests


def needs(*names: str) -> pytest.MarkDecorator:
    """Mark tests that are skipped, with a reason, on a machine that lacks one of these."""
    assert set(names) <= REQUIREMENTS.keys()
    return pytest.mark.needs(*names)


def require(*names: str) -> None:
    """Skip the test that is being run, or set up, on a machine that lacks one of these."""
    for name in names:
        if reason := lacking(name):
            pytest.skip(reason)


@functools.cache
def lacking(name: str) -> str:
    """Say why this machine does not meet a requirement; nothing where it does."""
    return REQUIREMENTS[name]()


def _docker() -> str:
    try:
        engine = docker.from_env(timeout=60)
        engine.ping()
        engine.close()
    except (docker.errors.DockerException, requests.RequestException):
        return "no Docker engine answers"
    return ""


def _compose() -> str:
    try:
        done = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    except FileNotFoundError:
        return "there is no command docker"
    return "" if done.returncode == 0 else "Docker's compose plug-in is not there"


def _command(name: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(name) else f"there is no command {name}"


def _root() -> str:
    return "" if os.getuid() == 0 else "only root can do this"


REQUIREMENTS: dict[str, Callable[[], str]] = {
    "docker": _docker,
    "compose": _compose,
    "dockerd": _command("dockerd"),
    "debootstrap": _command("debootstrap"),
    "chromium": _command("chromium"),
    "unshare": _command("unshare"),
    "lscpu": _command("lscpu"),
    "openssl": _command("openssl"),
    "root": _root,
}

DOCKER_AND_BUBBLEWRAP = (pytest.param("docker", marks=needs("docker")), "bubblewrap")
"""For tests that hold whatever starts the sandboxes: a list of parameters."""

"""The Docker image of the sandboxes: an interpreter and common packages, and nothing of this project."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import docker
import docker.errors
import requests

from acecoder_dagster.judge.launch.cache import one_process_at_a_time
from acecoder_dagster.judge.launch.packages import DESCRIBE_INTERPRETER, Interpreter, install_packages, read_interpreter
from acecoder_dagster.judge.types import SandboxUnavailableError
from acecoder_dagster.paths import project_folder

REQUIREMENTS = "requirements.txt"
BUILD_FILES = ("Dockerfile", REQUIREMENTS)
BUILD_SECONDS = 1800  # without a word from the engine: compiling is silent
OFFICIAL_IMAGE = "python:3.12-slim-bookworm"
BOOTSTRAP_IMAGE = "acecoder-bootstrap:trixie"
BOOTSTRAP_RELEASE = "trixie"

_log = logging.getLogger(__name__)


def connect_engine() -> docker.DockerClient:
    """Connect to the Docker engine the environment names.

    Returns:
        A client of an engine that answers.

    Raises:
        SandboxUnavailableError: none answers.
    """
    try:
        engine = docker.from_env(timeout=120)
        engine.ping()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise SandboxUnavailableError(
            f"no Docker engine answers ({error}): start one, or install bubblewrap and set the launcher to bubblewrap"
        ) from error
    return engine


def ensure_image(engine: docker.DockerClient, image: str | None) -> str:
    """Find the image of the sandboxes, and build the project's own one if it is missing.

    Several processes may call this at once: one builds, the others wait.

    Args:
        engine: the Docker engine.
        image: the image that the user names; None for the project's own.

    Returns:
        The name of an image that the engine has.

    Raises:
        SandboxUnavailableError: it is missing and cannot be built.
    """
    name = image or project_image()
    try:
        engine.images.get(name)
    except docker.errors.ImageNotFound:
        if image is not None:
            raise SandboxUnavailableError(
                f"the Docker image {image} is not there: pull or build it, or leave the setting image empty"
            ) from None
        with one_process_at_a_time(name.replace(":", "-")):
            if not engine.images.list(name=name):  # another process may have built it meanwhile
                build_image(engine)
    return name


def project_image() -> str:
    """Return the name of the project's image; it changes with the Dockerfile and with the list of packages.

    Raises:
        SandboxUnavailableError: this installation lacks one of the two.
    """
    files = [_build_folder() / name for name in BUILD_FILES]
    content = b"".join(file.read_bytes() for file in files) + OFFICIAL_IMAGE.encode()
    return f"acecoder-sandbox:{hashlib.sha256(content).hexdigest()[:12]}"


def build_image(engine: docker.DockerClient, base: str | None = None) -> str:
    """Build the project's image: an interpreter and the packages that programs commonly import.

    The pip of this machine fetches the packages, so the build itself needs no network.

    Args:
        engine: the Docker engine.
        base: the image to start from, with Python 3.11 or newer as `python3`. None: the official Python image; where
            that cannot be pulled, a Debian that debootstrap makes on this machine.

    Returns:
        The name of the image.

    Raises:
        SandboxUnavailableError: it cannot be built.
    """
    name = project_image()
    base = base or _available_base(engine)
    _log.warning("building the Docker image %s on %s: some minutes, once", name, base)
    try:
        with tempfile.TemporaryDirectory(prefix="acecoder-image-") as folder:
            shutil.copytree(_build_folder(), folder, dirs_exist_ok=True)
            interpreter = _interpreter(engine, base)
            install_packages(Path(folder) / REQUIREMENTS, interpreter, Path(folder) / "packages")
            arguments = {"BASE": base, "SITE_PACKAGES": interpreter.site_packages}
            engine.images.build(
                path=folder,
                tag=name,
                buildargs=arguments,
                network_mode="none",
                rm=True,
                forcerm=True,
                timeout=BUILD_SECONDS,
            )
    except (docker.errors.DockerException, requests.RequestException, SandboxUnavailableError, OSError) as error:
        raise SandboxUnavailableError(f"cannot build {name} on {base}: {error}") from error
    return name


def requirements_file() -> Path:
    """Return the file that lists the packages that programs may import.

    Raises:
        SandboxUnavailableError: this installation lacks it.
    """
    return _build_folder() / REQUIREMENTS


def _available_base(engine: docker.DockerClient) -> str:
    try:
        engine.images.pull(OFFICIAL_IMAGE)
    except (docker.errors.DockerException, requests.RequestException) as error:
        try:
            return bootstrap_base(engine)
        except SandboxUnavailableError as no_bootstrap:
            raise SandboxUnavailableError(f"cannot pull {OFFICIAL_IMAGE}: {error}; {no_bootstrap}") from error
    return OFFICIAL_IMAGE


def _interpreter(engine: docker.DockerClient, image: str) -> Interpreter:
    output: bytes = engine.containers.run(
        image, ["-c", DESCRIBE_INTERPRETER], entrypoint=["python3"], remove=True, network_mode="none"
    )
    return read_interpreter(output.decode())


def _build_folder() -> Path:
    try:
        folder = project_folder("containers") / "sandbox"
    except FileNotFoundError as error:
        raise SandboxUnavailableError(f"{error}, or name an image with python3 in the setting image") from error
    return folder


def bootstrap_base(engine: docker.DockerClient) -> str:
    """Make a Debian image with python3 from this machine's package sources, without any registry.

    Args:
        engine: the Docker engine.

    Returns:
        The name of the image. One that was made before is used again.

    Raises:
        SandboxUnavailableError: debootstrap is missing or fails, or the user is not root.
    """
    if engine.images.list(name=BOOTSTRAP_IMAGE):
        return BOOTSTRAP_IMAGE
    command = shutil.which("debootstrap")
    if command is None or os.getuid() != 0:
        raise SandboxUnavailableError("making a Debian image needs the package debootstrap, and root")
    _log.warning("making the image %s with debootstrap: about a minute, once", BOOTSTRAP_IMAGE)
    repository, tag = BOOTSTRAP_IMAGE.split(":")
    with tempfile.TemporaryDirectory(prefix="acecoder-bootstrap-") as folder:
        root, archive = Path(folder) / "root", Path(folder) / "root.tar"
        for step in (
            [command, "--variant=minbase", "--include=python3", BOOTSTRAP_RELEASE, str(root)],
            ["tar", "-C", str(root), "--exclude=./var/cache/apt/archives/*.deb", "-cf", str(archive), "."],
        ):
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                last_words = (done.stdout + done.stderr).strip()[-500:]
                raise SandboxUnavailableError(f"{step[0]} failed: {last_words}")
        engine.api.import_image_from_file(str(archive), repository=repository, tag=tag)
    return BOOTSTRAP_IMAGE

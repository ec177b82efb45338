"""The Docker images of the sandboxes: an interpreter and the packages of a set, and nothing of this project."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import docker
import docker.errors
import requests

from acecoder_dagster.judge.launch.building import run_telling, telling
from acecoder_dagster.judge.launch.cache import one_process_at_a_time
from acecoder_dagster.judge.launch.packages import (
    DESCRIBE_INTERPRETER,
    Interpreter,
    contents,
    install_packages,
    read_interpreter,
)
from acecoder_dagster.judge.sets import SandboxSet, build_folder
from acecoder_dagster.judge.types import SandboxUnavailableError

CONTENTS_LABEL = "acecoder.contents"
"""Of an image: names its interpreter and the versions of all its packages."""

BUILD_SECONDS = 1800  # without a word from the engine: compiling is silent


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


def check_image(engine: docker.DockerClient, name: str) -> None:
    """Check that the engine has an image of the user's.

    Raises:
        SandboxUnavailableError: it does not.
    """
    try:
        engine.images.get(name)
    except docker.errors.ImageNotFound:
        raise SandboxUnavailableError(
            f"the Docker image {name} is not there: pull or build it, or leave the setting image empty"
        ) from None


def ensure_image(engine: docker.DockerClient, sandbox_set: SandboxSet) -> str:
    """Find the image of a set, and build it if it is missing.

    Several processes may call this at once: one builds, the others wait.

    Args:
        engine: the Docker engine.
        sandbox_set: the set.

    Returns:
        The name of an image that the engine has.

    Raises:
        SandboxUnavailableError: it is missing and cannot be built.
    """
    name = image_name(sandbox_set)
    if not engine.images.list(name=name):
        with one_process_at_a_time(name.replace(":", "-")):
            if not engine.images.list(name=name):  # another process may have built it meanwhile
                build_image(engine, sandbox_set)
    return name


def image_contents(engine: docker.DockerClient, name: str) -> str:
    """Return what names the interpreter and the packages of an image; of one that was not built here, its id."""
    image = engine.images.get(name)
    return str(image.labels.get(CONTENTS_LABEL) or image.id)


def image_name(sandbox_set: SandboxSet, base: str | None = None) -> str:
    """Return the name of the image of a set; it changes with the Dockerfile, with the set and with the base.

    Raises:
        SandboxUnavailableError: this installation lacks the Dockerfile.
    """
    dockerfile = (build_folder() / "Dockerfile").read_text(encoding="utf-8")
    content = json.dumps([dockerfile, sandbox_set.digest(), base])
    return f"acecoder-sandbox:{sandbox_set.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def build_image(engine: docker.DockerClient, sandbox_set: SandboxSet, base: str | None = None) -> str:
    """Build the image of a set: an interpreter and the packages.

    The pip of this machine fetches the packages, so the build itself needs no network.

    Args:
        engine: the Docker engine.
        sandbox_set: the set.
        base: the image to start from, with Python 3.11 or newer as `python3`. None: the one that the set names; where
            that cannot be pulled, a Debian that debootstrap makes on this machine.

    Returns:
        The name of the image. On another base it is another name, which the setting image has to say.

    Raises:
        SandboxUnavailableError: it cannot be built.
    """
    name = image_name(sandbox_set, base)
    base = base or _available_base(engine, sandbox_set)
    _log.warning("building the Docker image %s on %s: some minutes, once", name, base)
    try:
        with tempfile.TemporaryDirectory(prefix="acecoder-image-") as folder:
            shutil.copy(build_folder() / "Dockerfile", folder)
            interpreter = _interpreter(engine, base)
            packages = Path(folder) / "packages"
            install_packages(sandbox_set, interpreter, packages)
            _build(engine, name, folder, base, interpreter, contents(packages, interpreter))
    except (docker.errors.DockerException, requests.RequestException, SandboxUnavailableError, OSError) as error:
        raise SandboxUnavailableError(f"cannot build {name} on {base}: {error}") from error
    return name


def _build(
    engine: docker.DockerClient, name: str, folder: str, base: str, interpreter: Interpreter, contents: str
) -> None:
    answers = engine.api.build(
        path=folder,
        tag=name,
        buildargs={"BASE": base, "SITE_PACKAGES": interpreter.site_packages},
        labels={CONTENTS_LABEL: contents},
        network_mode="none",
        rm=True,
        forcerm=True,
        timeout=BUILD_SECONDS,
        decode=True,
    )
    said = list(telling((answer.get("stream") or answer.get("error") or "" for answer in answers), f"building {name}"))
    if not engine.images.list(name=name):
        raise SandboxUnavailableError("".join(said).strip()[-500:])


def _available_base(engine: docker.DockerClient, sandbox_set: SandboxSet) -> str:
    try:
        engine.images.pull(sandbox_set.image)
    except (docker.errors.DockerException, requests.RequestException) as error:
        try:
            return bootstrap_base(engine, sandbox_set.debian)
        except SandboxUnavailableError as no_bootstrap:
            raise SandboxUnavailableError(f"cannot pull {sandbox_set.image}: {error}; {no_bootstrap}") from error
    return sandbox_set.image


def _interpreter(engine: docker.DockerClient, image: str) -> Interpreter:
    output: bytes = engine.containers.run(
        image, ["-c", DESCRIBE_INTERPRETER], entrypoint=["python3"], remove=True, network_mode="none"
    )
    return read_interpreter(output.decode())


def bootstrap_base(engine: docker.DockerClient, release: str) -> str:
    """Make a Debian image with python3 from this machine's package sources, without any registry.

    Args:
        engine: the Docker engine.
        release: the name of the Debian release.

    Returns:
        The name of the image. One that was made before is used again.

    Raises:
        SandboxUnavailableError: debootstrap is missing or fails, or the user is not root.
    """
    name = f"acecoder-bootstrap:{release}"
    if engine.images.list(name=name):
        return name
    command = shutil.which("debootstrap")
    if command is None or os.getuid() != 0:
        raise SandboxUnavailableError("making a Debian image needs the package debootstrap, and root")
    _log.warning("making the image %s with debootstrap: about a minute, once", name)
    repository, tag = name.split(":")
    with tempfile.TemporaryDirectory(prefix="acecoder-bootstrap-") as folder:
        root, archive = Path(folder) / "root", Path(folder) / "root.tar"
        for step in (
            [command, "--variant=minbase", "--include=python3", release, str(root)],
            ["tar", "-C", str(root), "--exclude=./var/cache/apt/archives/*.deb", "-cf", str(archive), "."],
        ):
            try:
                run_telling(step, f"making {name}")
            except subprocess.CalledProcessError as error:
                raise SandboxUnavailableError(f"{step[0]} failed: {error.output.strip()[-500:]}") from error
        engine.api.import_image_from_file(str(archive), repository=repository, tag=tag)
    return name

"""The system that containers/compose.yaml describes, built and started for real; without pulling any image."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from acecoder_dagster.judge import connect_engine
from acecoder_dagster.judge.launch.images import bootstrap_base

ROOT = Path(__file__).parents[2]
CONTAINERS = ROOT / "containers"
PROFILE = """
extends = "micro"
[seeds]
procedural_batches = 2
questions_per_batch = 20
[micro]
max_primitives = 2
tests_per_question = 6
[sandbox]
workers = 2
"""


@dataclass(frozen=True)
class System:
    """A project of Docker Compose, its settings, where its page is, and the folder of its secrets."""

    name: str
    files: list[Path]
    environment: dict[str, str]
    address: str
    secrets: Path

    @property
    def options(self) -> list[str]:
        return [f"--project-name={self.name}", *(f"--file={file}" for file in self.files)]

    def compose(self, *arguments: str, standard_input: str = "") -> str:
        done = subprocess.run(
            ["docker", "compose", *self.options, *arguments],
            input=standard_input,
            capture_output=True,
            text=True,
            env=os.environ | self.environment,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def containers(self) -> dict[str, list[dict[str, Any]]]:
        """Return what the engine says about the containers of each service."""
        found: dict[str, list[dict[str, Any]]] = {}
        for details in json.loads(subprocess.check_output(["docker", "inspect", *self.left("ps", "--all")])):
            found.setdefault(details["Config"]["Labels"]["com.docker.compose.service"], []).append(details)
        return found

    def left(self, *listing: str) -> list[str]:
        """Return what there is of the project, in one of the engine's lists."""
        of_project = f"--filter=label=com.docker.compose.project={self.name}"
        return subprocess.check_output(["docker", *listing, "--quiet", of_project], text=True).split()


@contextlib.contextmanager
def running_system(
    folder: Path, overlays: Sequence[str] = (), settings: Mapping[str, str] | None = None
) -> Iterator[System]:
    """Build and start the system with a small profile; it is gone with its data afterwards.

    Args:
        folder: an empty one, for its settings; what it has in `secrets` is kept.
        overlays: compose files to add, by their names without `compose.` and `.yaml`.
        settings: variables besides the usual ones.
    """
    with contextlib.closing(connect_engine()) as engine:
        bootstrap_base(engine, "trixie")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "profile.toml").write_text(PROFILE)
    often = {"healthcheck": {"interval": "3s"}}  # nobody waits for longer than that
    services = dict.fromkeys(("webserver", "daemon"), often)
    services["code-location"] = often | {"volumes": [f"{folder}/profile.toml:/profile.toml:ro"]}
    (folder / "profile.yaml").write_text(yaml.safe_dump({"services": services}))
    (folder / "secrets").mkdir(mode=0o700, exist_ok=True)
    (folder / "secrets" / "POSTGRES_PASSWORD").write_text(f"{secrets.token_hex(16)}\n")
    environment = {
        "ACECODER_SECRETS": str(folder / "secrets"),
        "ACECODER_PROFILE": "/profile.toml",
        "ACECODER_TRAINING": "none",
        "ACECODER_PORT": str(port),
        "SANDBOXES": "8",
        # Docker 20.10 stops answering where two containers leave a network at the same moment.
        "COMPOSE_PARALLEL_LIMIT": "1",
        **(settings or {}),
    }
    described = ["compose.yaml", *(f"compose.{name}.yaml" for name in ("debian", *overlays))]
    files = [*(CONTAINERS / name for name in described), folder / "profile.yaml"]
    system = System(f"acecoder-test-{port}", files, environment, f"http://127.0.0.1:{port}", folder / "secrets")
    try:
        system.compose("up", "--build", "--detach", "--wait")
        yield system
    finally:
        # No more than this stops the containers of runs that a failed test has left at work.
        for container in system.left("ps", "--all"):
            subprocess.run(["docker", "rm", "--force", container], stdout=subprocess.DEVNULL, check=True)
        system.compose("down", "--volumes")

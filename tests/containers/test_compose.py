"""The system that containers/compose.yaml describes, built and started for real; without pulling any image."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from acecoder_dagster.judge import SandboxSettings, connect_engine
from acecoder_dagster.judge.launch.containers import SCIENTIFIC_RESERVE_MB
from acecoder_dagster.judge.launch.environment import environment
from acecoder_dagster.judge.launch.images import bootstrap_base
from tests.graph.dagster_page import DagsterPage, browser_page
from tests.requirements import needs

pytestmark = needs("docker", "compose", "debootstrap", "chromium", "root")

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
FIGURES = """{ assetOrError(assetKey: {path: ["oracle_results"]}) { ... on Asset { assetMaterializations(limit: 1) {
    metadataEntries { label ... on IntMetadataEntry { intValue } } } } } }"""


@dataclass(frozen=True)
class System:
    """A running project of Docker Compose."""

    options: list[str]
    environment: dict[str, str]
    address: str

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
        for container in self.compose("ps", "--all", "--quiet").split():
            (details,) = json.loads(subprocess.check_output(["docker", "inspect", container]))
            found.setdefault(details["Config"]["Labels"]["com.docker.compose.service"], []).append(details)
        return found


@pytest.fixture(scope="module")
def system(tmp_path_factory) -> Iterator[System]:
    with contextlib.closing(connect_engine()) as engine:
        bootstrap_base(engine, "trixie")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("compose")
    (folder / "profile.toml").write_text(PROFILE)
    profile = {"volumes": [f"{folder}/profile.toml:/profile.toml:ro"]}
    (folder / "profile.yaml").write_text(yaml.safe_dump({"services": {"code-location": profile}}))
    settings = {
        "POSTGRES_PASSWORD": secrets.token_hex(16),
        "ACECODER_PROFILE": "/profile.toml",
        "ACECODER_TRAINING": "none",
        "ACECODER_PORT": str(port),
        "SANDBOXES": "8",
    }
    described = (CONTAINERS / "compose.yaml", CONTAINERS / "compose.debian.yaml", folder / "profile.yaml")
    options = [f"--project-name=acecoder-test-{port}", *(f"--file={file}" for file in described)]
    system = System(options, settings, f"http://127.0.0.1:{port}")
    try:
        system.compose("up", "--build", "--detach", "--wait")
        yield system
    finally:
        system.compose("down", "--volumes", "--timeout", "1")


@pytest.fixture
def page(system, tmp_path) -> Iterator[DagsterPage]:
    with browser_page(system.address, Path(os.environ.get("ACECODER_PICTURES") or tmp_path)) as page:
        yield page


def test_a_batch_launched_on_the_page_is_judged_by_the_sandbox_service(system, page):
    before = [container["RestartCount"] for container in system.containers()["sandbox"]]
    page.show('group:"tests" or (group:"synthesis" and not key:"imported_files")')
    run = page.launch_run(page.choose_batches("procedural-000"))

    assert page.wait_for_run(run) == "SUCCESS"

    (made,) = page.ask(FIGURES)["assetOrError"]["assetMaterializations"]
    figures = {each["label"]: each.get("intValue") for each in made["metadataEntries"]}
    assert figures["programs_executed"] == 20
    assert figures["dagster/partition_row_count"] == 20
    assert sum(container["RestartCount"] for container in system.containers()["sandbox"]) > sum(before)


def test_programs_are_judged_from_a_terminal_in_the_code_location(system):
    for name in ("questions.jsonl", "programs.jsonl"):
        text = (ROOT / "examples" / "judge" / name).read_text()
        system.compose("exec", "-T", "code-location", "tee", f"/tmp/{name}", standard_input=text)

    files = ["/tmp/questions.jsonl", "/tmp/programs.jsonl", "-o", "/tmp/verdicts.jsonl"]
    system.compose("exec", "-T", "code-location", "acecoder", "judge", *files)

    lines = system.compose("exec", "-T", "code-location", "cat", "/tmp/verdicts.jsonl").splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == [
        "passed", "failed", "crashed", "passed", "failed", "passed", "failed", "passed", "cpu_timeout", "passed",
    ]  # fmt: skip


def test_data_is_brought_in_asked_for_and_kept_by_commands(system):
    inbox = ["sh", "-c", "mkdir -p /project/inbox && cat > /project/inbox/problems.jsonl"]
    system.compose("exec", "-T", "code-location", *inbox, standard_input='{"question_id": 1}\n')

    kept = system.compose("exec", "-T", "code-location", "sh", "-c", "tar --create --directory /project . | tar --list")

    assert "./inbox/problems.jsonl" in kept.splitlines()
    assert "pass_at_k" in system.compose("exec", "-T", "code-location", "acecoder", "query")
    dump = "PGPASSWORD=$POSTGRES_PASSWORD pg_dump --host localhost --username dagster dagster"
    dumped = system.compose("exec", "-T", "database", "sh", "-c", dump)
    assert "PostgreSQL database dump complete" in dumped


def test_no_container_has_more_power_than_it_needs(system):
    containers = system.containers()

    assert set(containers) == {"database", "code-location", "webserver", "daemon", "sandbox"}
    assert len(containers["sandbox"]) == 8
    for service, alike in containers.items():
        for container in alike:
            host = container["HostConfig"]
            assert not host["Privileged"], service
            assert host["CapDrop"] == ["ALL"], service
            assert host["SecurityOpt"] == ["no-new-privileges:true"], service
            assert host["ReadonlyRootfs"], service
            assert not [mount for mount in container["Mounts"] if "docker.sock" in mount["Source"]], service
            if service == "sandbox":
                assert sorted(host["CapAdd"]) == ["KILL", "SETGID", "SETUID"]
                assert host["NetworkMode"] == "none"
                assert [(mount["Destination"], mount["RW"]) for mount in container["Mounts"]] == [
                    ("/run/acecoder", False)
                ]
            else:
                assert not host["CapAdd"], service
                assert container["Config"]["User"] in ("acecoder", "postgres"), service


def test_only_the_page_is_reachable_and_only_from_this_machine(system):
    published = [
        (service, bound["HostIp"])
        for service, alike in system.containers().items()
        for container in alike
        for bindings in container["HostConfig"]["PortBindings"].values()
        for bound in bindings
    ]

    assert published == [("webserver", "127.0.0.1")]


def test_data_lies_in_named_volumes(system):
    mounted = {
        (service, mount["Destination"])
        for service, (container, *_) in system.containers().items()
        for mount in container["Mounts"]
        if mount["Type"] == "volume" and "acecoder-test" in mount["Name"]
    }

    assert {("database", "/var/lib/postgresql/data"), ("code-location", "/project")} <= mounted
    assert {service for service, folder in mounted if folder == "/project"} == {"code-location"}


def test_sandboxes_of_the_service_are_as_all_sandboxes():
    service = yaml.safe_load((CONTAINERS / "compose.yaml").read_text())["services"]["sandbox"]
    usual = SandboxSettings()

    assert service["environment"] == environment() | {"PYTHONPATH": "/opt/packages"}
    assert service["mem_limit"] == service["memswap_limit"]
    assert service["mem_limit"] == f"{usual.memory_mb + usual.scratch_mb + SCIENTIFIC_RESERVE_MB}m"
    assert service["shm_size"] == f"{usual.scratch_mb}m"
    assert f"size={usual.scratch_mb}m" in service["tmpfs"][0]
    assert service["pids_limit"] == usual.processes + 8


def test_dagster_has_the_same_settings_in_containers_except_for_its_storage():
    usual = yaml.safe_load(files("acecoder_dagster.graph").joinpath("dagster.yaml").read_text())
    here = yaml.safe_load((CONTAINERS / "dagster" / "dagster.yaml").read_text())

    assert set(here.pop("storage")) == {"postgres"}
    assert here == usual


@pytest.mark.parametrize("added", ["compose.gpu.yaml", "compose.debian.yaml"])
def test_the_compose_files_are_valid_together(added):
    described = [f"--file={CONTAINERS / name}" for name in ("compose.yaml", added)]

    done = subprocess.run(
        ["docker", "compose", *described, "config", "--quiet"],
        capture_output=True,
        text=True,
        env=os.environ | {"POSTGRES_PASSWORD": "any"},
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")

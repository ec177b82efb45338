"""The system that containers/compose.yaml describes, built and started for real; without pulling any image."""

import json
import os
import subprocess
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from acecoder_dagster.judge import SandboxSettings
from acecoder_dagster.judge.launch.containers import SCIENTIFIC_RESERVE_MB
from acecoder_dagster.judge.launch.environment import environment
from tests.containers.system import CONTAINERS, ROOT, System, running_system
from tests.graph.dagster_page import DagsterPage, browser_page
from tests.requirements import needs

pytestmark = needs("docker", "compose", "debootstrap", "chromium", "root")

FIGURES = """{ assetOrError(assetKey: {path: ["oracle_results"]}) { ... on Asset { assetMaterializations(limit: 1) {
    metadataEntries { label ... on IntMetadataEntry { intValue } } } } } }"""


@pytest.fixture(scope="module")
def system(tmp_path_factory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("compose")) as system:
        yield system


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


def test_data_is_brought_in_and_asked_for_by_commands(system):
    inbox = ["sh", "-c", "mkdir -p /project/inbox && cat > /project/inbox/problems.jsonl"]
    system.compose("exec", "-T", "code-location", *inbox, standard_input='{"question_id": 1}\n')

    brought = system.compose("exec", "-T", "code-location", "ls", "/project/inbox")

    assert brought.split() == ["problems.jsonl"]
    assert "pass_at_k" in system.compose("exec", "-T", "code-location", "acecoder", "query")


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


def test_with_runs_in_containers_dagster_has_the_same_settings_except_for_these():
    usual = yaml.safe_load((CONTAINERS / "dagster" / "dagster.yaml").read_text())
    here = yaml.safe_load((CONTAINERS / "dagster" / "dagster.runs.yaml").read_text())

    assert here.pop("run_launcher")["class"] == "RunContainers"
    assert here.pop("instance_class")["class"] == "SelfCancelling"
    assert here["run_monitoring"].pop("poll_interval_seconds") == 20
    assert here == usual


def test_no_secret_is_in_what_the_engine_tells_of_a_container(system):
    password = (system.secrets / "POSTGRES_PASSWORD").read_text().strip()

    told = system.containers()

    assert password not in json.dumps(told)
    for service in ("code-location", "webserver", "daemon"):
        ask = ["python", "-c", "import os; print(os.environ['POSTGRES_PASSWORD'])"]
        assert system.compose("exec", "-T", service, *ask).strip() == password, service


@pytest.mark.parametrize(
    "added", [["gpu"], ["debian"], ["runs"], ["proxy"], ["gpu", "runs", "proxy"], ["debian", "runs", "proxy"]]
)
def test_the_compose_files_are_valid_together(added):
    described = [
        f"--file={CONTAINERS / name}" for name in ("compose.yaml", *(f"compose.{each}.yaml" for each in added))
    ]

    done = subprocess.run(
        ["docker", "compose", *described, "config", "--quiet"],
        capture_output=True,
        text=True,
        env=os.environ | {"DOCKER_GROUP": "111"},
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")

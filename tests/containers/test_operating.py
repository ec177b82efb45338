"""A system in containers at work: runs beside each other, a login before the page, upgrades, copies.

It is started with containers/compose.runs.yaml and containers/compose.proxy.yaml.
"""

import base64
import json
import os
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from tests.containers.system import System, running_system
from tests.docs.shown import bash_blocks
from tests.requirements import needs

pytestmark = needs("docker", "compose", "debootstrap", "openssl", "root")

PASSWORD = "let me in"
MADE = ("seed_functions", "writer_answers", "questions", "candidate_tests", "oracle_programs", "oracle_results")
LAUNCH = """mutation($what: ExecutionParams!) { launchRun(executionParams: $what) {
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STOP = "mutation($id: String!) { terminateRun(runId: $id) { ... on TerminateRunSuccess { run { id } } } }"
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
EVENTS = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
    ... on RunFailureEvent { message } } } } }"""
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { required healthy } } } }"
RUNS = "{ runsOrError { ... on Runs { results { id status startTime endTime tags { key value } } } } }"
FILL_MEMORY = """
for process in /proc/[0-9]*; do
  tr '\\0' ' ' < $process/cmdline | grep --quiet 'dagster api execute_run' && echo 1000 > $process/oom_score_adj
done
head --bytes 2G /dev/zero > /tmp/too_much
"""
"""What a temporary file holds counts as memory. The process that the kernel kills first is the run's own."""


@pytest.fixture(scope="module")
def system(tmp_path_factory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("operating")
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700)
    hashed = subprocess.check_output(["openssl", "passwd", "-6", PASSWORD], text=True)
    (secrets / "users").write_text(f"ada:{hashed}")
    make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    named = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run(["openssl", *make.split(), *named], cwd=secrets, capture_output=True, check=True)
    (secrets / "key.pem").chmod(0o644)
    settings = {
        "BASE_IMAGE": "acecoder-bootstrap:trixie",
        "DOCKER_GROUP": str(Path("/var/run/docker.sock").stat().st_gid),
        "ACECODER_RUN_MEMORY": "1536m",
    }
    with running_system(folder, ["runs", "proxy"], settings) as system:
        yield system


def connection(system: System) -> HTTPSConnection:
    known = ssl.create_default_context(cafile=system.secrets / "certificate.pem")
    return HTTPSConnection(system.address.removeprefix("http://"), context=known, timeout=60)


def get(system: System, path: str, **headers: str) -> tuple[int, str]:
    """Return status and text of a page."""
    asked = connection(system)
    asked.request("GET", path, headers=headers)
    answer = asked.getresponse()
    return answer.status, answer.read().decode()


def login(password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()


def ask(system: System, query: str, **variables: object) -> Any:
    """Return the data that GraphQL answers to one who has logged in."""
    asked = connection(system)
    headers = {"Authorization": login(), "Content-Type": "application/json"}
    asked.request("POST", "/graphql", json.dumps({"query": query, "variables": variables}), headers)
    answer = json.load(asked.getresponse())
    assert "errors" not in answer, answer
    return answer["data"]


def launch(system: System, batch: str) -> str:
    """Return the id of a run that makes questions with tests."""
    selector = {
        "repositoryLocationName": "acecoder_dagster",
        "repositoryName": "__repository__",
        "jobName": "__ASSET_JOB",
        "assetSelection": [{"path": [name]} for name in MADE],
    }
    tags = {"tags": [{"key": "dagster/partition", "value": batch}]}
    what = {"selector": selector, "runConfigData": "{}", "executionMetadata": tags}
    return ask(system, LAUNCH, what=what)["launchRun"]["run"]["runId"]


def wait_for(system: System, run: str, *statuses: str) -> None:
    deadline = time.monotonic() + 300
    while (status := ask(system, STATUS, id=run)["runOrError"]["status"]) not in statuses:
        assert time.monotonic() < deadline, (run, status, statuses)
        time.sleep(0.5)


def container_of(run: str) -> dict[str, Any]:
    (found,) = subprocess.check_output(
        ["docker", "ps", "--all", "--quiet", f"--filter=label=dagster/run_id={run}"], text=True
    ).split()
    return json.loads(subprocess.check_output(["docker", "inspect", found]))[0]


def test_what_ends_one_run_ends_no_other(system):
    killed, kept = (launch(system, f"procedural-00{number}") for number in (0, 1))
    for run in (killed, kept):
        wait_for(system, run, "STARTED")
    assert_like_the_code_location(container_of(kept), code_location(system))
    fill = ["docker", "exec", container_of(killed)["Id"], "sh", "-c", FILL_MEMORY]
    subprocess.run(fill, capture_output=True, check=False)
    wait_for(system, killed, "FAILURE")
    told = " ".join(event.get("message", "") for event in ask(system, EVENTS, id=killed)["logsForRun"]["events"])
    assert "needed more memory than its 1536 MiB (ACECODER_RUN_MEMORY)" in told
    wait_for(system, kept, "SUCCESS")

    stopped = launch(system, "procedural-000")
    wait_for(system, stopped, "STARTED")
    ask(system, STOP, id=stopped)
    wait_for(system, stopped, "CANCELED")

    kept = launch(system, "procedural-000")
    wait_for(system, kept, "STARTED")
    system.compose("up", "--detach", "--wait", "--no-deps", "--force-recreate", "code-location")
    assert container_of(kept)["State"]["StartedAt"] < code_location(system)["State"]["StartedAt"]
    wait_for(system, kept, "SUCCESS")
    daemons = ask(system, DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    assert all(each["healthy"] for each in daemons if each["required"])


def code_location(system: System) -> dict[str, Any]:
    """Return what the engine says about the container that runs are made like."""
    (found,) = (
        each
        for each in system.containers()["code-location"]
        if each["Config"]["Labels"]["com.docker.compose.oneoff"] == "False"
    )
    return found


def assert_like_the_code_location(its: dict[str, Any], model: dict[str, Any]) -> None:
    for same in ("CapAdd", "CapDrop", "SecurityOpt", "ReadonlyRootfs", "Privileged", "Tmpfs", "ShmSize", "Init"):
        assert its["HostConfig"][same] == model["HostConfig"][same], same
    for same in ("Env", "User", "WorkingDir"):
        assert its["Config"][same] == model["Config"][same], same
    assert its["Image"] == model["Image"]
    its_mounts, mounts = ({each["Destination"]: each["RW"] for each in of["Mounts"]} for of in (its, model))
    assert its_mounts == mounts
    assert its["NetworkSettings"]["Networks"].keys() == model["NetworkSettings"]["Networks"].keys()
    assert its["HostConfig"]["Memory"] == its["HostConfig"]["MemorySwap"] == 1536 * 2**20
    assert model["HostConfig"]["Memory"] == 0


def test_only_the_daemon_has_the_socket_of_the_engine(system):
    with_socket = {
        service
        for service, alike in system.containers().items()
        for container in alike
        if any("docker.sock" in mount["Source"] for mount in container["Mounts"])
    }

    assert with_socket == {"daemon"}
    (daemon,) = system.containers()["daemon"]
    assert daemon["Config"]["User"] == "acecoder"
    assert [name.rpartition("_")[2] for name in daemon["NetworkSettings"]["Networks"]] == ["inside"]


def test_the_page_is_shown_over_tls_to_those_who_log_in(system):
    assert get(system, "/")[0] == 401
    assert get(system, "/graphql")[0] == 401
    assert get(system, "/", Authorization=login("guessed"))[0] == 401
    status, page = get(system, "/runs", Authorization=login())
    assert (status, "Dagster" in page) == (200, True)
    upgraded = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": base64.b64encode(bytes(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "graphql-ws",
    }
    asked = connection(system)
    asked.request("GET", "/graphql", headers=upgraded | {"Authorization": login()})
    assert asked.getresponse().status == 101

    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(system.address.replace("http:", "https:"))
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(system.address)
    published = {
        service: container["HostConfig"]["PortBindings"]
        for service, alike in system.containers().items()
        for container in alike
        if container["HostConfig"]["PortBindings"]
    }
    assert {binding["HostIp"] for bound in published["proxy"].values() for binding in bound} == {"127.0.0.1"}
    assert published.keys() == {"proxy"}


def test_after_an_upgrade_and_a_restored_copy_the_answers_are_the_same(system, tmp_path):
    upgrade, copy, restore = (
        [command for command in block if command.startswith("docker compose ")]
        for block in bash_blocks("docs/guides/upgrades.md")
        if any("docker compose" in command for command in block)
    )
    make = ["acecoder", "run", *MADE[:3], "warehouse", "--batch", "procedural-001"]
    system.compose("exec", "-T", "code-location", *make)
    before = answers(system)

    type_in(system, tmp_path, copy)
    wipe, *bring_back = restore
    type_in(system, tmp_path, [wipe])
    assert system.left("ps", "--all") + system.left("volume", "ls") == []
    type_in(system, tmp_path, bring_back)
    type_in(system, tmp_path, upgrade)
    assert answers(system) == before


def answers(system: System) -> tuple[list[str], str, Any]:
    """Return what the warehouse answers, what a refresh would compute, and Dagster's runs."""
    rows = [
        system.compose("exec", "-T", "code-location", "acecoder", "query", query, "--format", "csv")
        for query in ("FROM questions ORDER BY ALL", "FROM stage_history ORDER BY ALL")
    ]
    assert len(rows[0].splitlines()) > 20
    runs = ask(system, RUNS)["runsOrError"]["results"]
    assert runs
    return rows, system.compose("exec", "-T", "code-location", "acecoder", "plan"), runs


def type_in(system: System, folder: Path, commands: list[str]) -> None:
    """Type commands as a page shows them, for this system."""
    options = " ".join(system.options)
    for command in commands:
        typed = command.replace("-f containers/compose.yaml", options).replace(" exec code", " exec -T code")
        done = subprocess.run(
            ["bash", "-c", typed],
            cwd=folder,
            env=os.environ | system.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"

"""Sandboxes of a service: containers that are there before a judge is, and outlive it (containers/compose.yaml)."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from acecoder_dagster.judge import (
    Judge,
    ProgramJob,
    QuestionTests,
    SandboxSettings,
    SandboxUnavailableError,
    connect_engine,
    ensure_image,
)
from acecoder_dagster.judge.launch import service as service_launcher
from tests.requirements import require

WAIT_FOR_JUDGE = Path(__file__).parents[3] / "containers" / "sandbox" / "wait_for_judge.py"
QUESTION = QuestionTests("q", "f", "", ("assert f(1) == 2", "assert sorted(f([2, 1])) == [1, 2]"))
RIGHT = "def f(x):\n    return x + 1 if x == 1 else x"
WRONG = "def f(x):\n    return x"
EXITS = "import os\nos._exit(0)"
LEAVES_A_FILE = "import pathlib\npathlib.Path('/tmp/left').touch()\n" + RIGHT
FINDS_A_FILE = "import pathlib\nassert not pathlib.Path('/tmp/left').exists()\n" + RIGHT
CONNECTS = "import os, socket\nsocket.socket(socket.AF_UNIX).connect('/run/acecoder/' + os.listdir('/run/acecoder')[0])"
WRITES = "open('/run/acecoder/mine', 'w')"


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Path]:
    """The folder of two containers that start anew whenever they end."""
    require("docker")
    folder = tmp_path_factory.mktemp("judges")
    with contextlib.closing(connect_engine()) as engine:
        started = [
            engine.containers.run(
                ensure_image(engine, SandboxSettings().read_set()),
                ["python3", "-s", "-P", "-B", "/opt/wait_for_judge.py"],
                detach=True,
                restart_policy={"Name": "always"},
                user="0:0",
                cap_drop=["ALL"],
                cap_add=["SETUID", "SETGID", "KILL"],
                security_opt=["no-new-privileges"],
                network_mode="none",
                read_only=True,
                tmpfs={"/tmp": "rw,nosuid,nodev,mode=1777,size=64m"},
                volumes={
                    str(folder): {"bind": "/run/acecoder", "mode": "ro"},
                    str(WAIT_FOR_JUDGE): {"bind": "/opt/wait_for_judge.py", "mode": "ro"},
                },
            )
            for _ in range(2)
        ]
        try:
            yield folder
        finally:
            for container in started:
                container.remove(force=True)


@pytest.fixture
def judge(service: Path, monkeypatch) -> Iterator[Judge]:
    monkeypatch.setenv(service_launcher.FOLDER_VARIABLE, str(service))
    with Judge(SandboxSettings(workers=1)) as judge:
        yield judge


def verdicts(judge: Judge, *programs: str) -> list[str]:
    jobs = [ProgramJob(QUESTION, str(number), program) for number, program in enumerate(programs)]
    judged = {verdict.program_id: str(verdict.verdict) for verdict in judge.judge(jobs)}
    return [judged[job.program_id] for job in jobs]


def test_where_the_environment_names_a_service_its_sandboxes_are_used(judge, service):
    assert judge.launcher_name == "service"
    assert verdicts(judge, RIGHT, "def f(x):\n    return x", "import os\nos._exit(0)") == [
        "passed",
        "failed",
        "crashed",
    ]
    assert list(service.iterdir()) == []


def test_a_sandbox_is_new_for_every_judge(service, monkeypatch):
    monkeypatch.setenv(service_launcher.FOLDER_VARIABLE, str(service))
    for _ in range(3):
        with Judge(SandboxSettings(workers=1)) as judge:
            assert verdicts(judge, FINDS_A_FILE, LEAVES_A_FILE) == ["passed", "passed"]


def test_programs_can_neither_meet_a_judge_nor_pretend_to_be_one(judge, service):
    with (service / "another judge").open("w"):
        assert verdicts(judge, CONNECTS, WRITES) == ["error", "error"]
    (service / "another judge").unlink()
    assert list(service.iterdir()) == []


def test_without_a_free_sandbox_the_judge_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv(service_launcher.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(service_launcher, "WAIT_SECONDS", 0.1)
    with (
        Judge(SandboxSettings(workers=1)) as judge,
        pytest.raises(SandboxUnavailableError, match=r"is the service up, and has it 8 containers for each"),
    ):
        verdicts(judge, RIGHT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("folder", "words"), [(None, "names no folder"), ("/nowhere", "no folder to write in")])
def test_a_service_that_cannot_be_reached_is_refused_at_once(folder, words, monkeypatch):
    if folder is None:
        monkeypatch.delenv(service_launcher.FOLDER_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(service_launcher.FOLDER_VARIABLE, folder)
    with pytest.raises(SandboxUnavailableError, match=words):
        Judge(SandboxSettings(launcher="service"))


@pytest.mark.parametrize(("sandboxes", "workers"), [("2", 1), ("16", 2), ("100", 12)])
def test_judges_have_as_many_workers_as_the_service_has_sandboxes_for(sandboxes, workers, monkeypatch):
    monkeypatch.setenv("ACECODER_SANDBOX_COUNT", sandboxes)

    assert SandboxSettings().workers == workers
    assert SandboxSettings(workers=5).workers == 5

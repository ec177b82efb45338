"""The command as it is typed: a process of its own, in a folder and on a project folder of the test's own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acecoder_dagster.cli.main import main


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of the command; its project folder is `home` of the test's folder."""
    return os.environ | {"ACECODER_HOME": str(tmp_path / "home"), "COLUMNS": "80"}


@pytest.fixture
def typed(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Types `acecoder ...`, behind another command where one is given, and returns what came of it."""

    def run(*arguments: object, behind: tuple[object, ...] = (), **changes: str) -> subprocess.CompletedProcess[str]:
        command = [*behind, sys.executable, "-m", "acecoder_dagster", *arguments]
        return subprocess.run(
            list(map(str, command)),
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment | changes,
            check=False,
        )

    return run


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[object, str, str]]]:
    """Runs `acecoder ...` in this process; returns its exit code and what it printed to output and errors."""
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGINT)

    def run(*arguments: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["acecoder", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return (ended.value.code or 0, *capsys.readouterr())

    yield run
    signal.signal(signal.SIGINT, handler)

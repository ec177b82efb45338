"""What listens for others listens on this machine only, unless it is asked for more."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from acecoder_dagster.cli import serve, ui
from acecoder_dagster.cli.main import app

CONTAINERS = Path(__file__).parents[2] / "containers"
WARNING = "warning: anybody who reaches"


@pytest.fixture
def listening(monkeypatch):
    """Types a command that would go on as Dagster; returns the address it would listen at, and what it said."""
    started = []
    for module in (serve, ui):
        monkeypatch.setattr(module, "become_dagster", lambda profile, arguments: started.append(arguments))

    def typed(*arguments):
        said = CliRunner().invoke(app, list(arguments)).stderr
        (command,) = started
        return command[command.index("-h") + 1], said

    return typed


@pytest.mark.parametrize("command", ["serve", "ui"])
def test_by_default_only_this_machine_is_listened_to(listening, command):
    assert listening(command) == ("127.0.0.1", "")


@pytest.mark.parametrize("host", ["127.0.0.2", "::1", "localhost"])
def test_other_names_of_this_machine_are_no_news(listening, host):
    assert listening("serve", "--host", host) == (host, "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "code-location"])
def test_another_address_is_listened_at_with_a_warning(listening, host):
    address, said = listening("serve", "--host", host, "--port", "4001")

    assert address == host
    assert said.startswith(f"{WARNING} {host}, port 4001, can use it")


def test_the_containers_ask_for_the_address_at_which_they_reach_each_other():
    services = yaml.safe_load((CONTAINERS / "compose.yaml").read_text())["services"]

    assert services["code-location"]["command"] == ["acecoder", "serve", "--host", "0.0.0.0"]
    assert "ports" not in services["code-location"]
    assert services["webserver"]["ports"] == ["${ACECODER_ADDRESS:-127.0.0.1}:${ACECODER_PORT:-3000}:3000"]

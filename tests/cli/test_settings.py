"""`acecoder settings` and `acecoder status`: what holds, and what is there."""

import pytest
from typer.testing import CliRunner

from acecoder_dagster.cli.main import app


@pytest.fixture
def acecoder(tmp_path, monkeypatch):
    monkeypatch.setenv("ACECODER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text('extends = "micro"\n[sampling]\ntop_k = 5\n')
    return lambda *arguments: CliRunner().invoke(app, list(arguments), catch_exceptions=False).stdout


def cells(shown: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]


def test_a_section_is_shown_with_values_and_the_profile_that_gave_them(acecoder):
    rows = {row[0]: row for row in cells(acecoder("settings", "sampling", "--profile", "own.toml"))}

    assert rows["sampling.top_k"][1:3] == ["5", "own.toml"]
    assert rows["sampling.max_tokens"][1:3] == ["96", "micro"]
    assert rows["sampling.engine.dtype"][1:3] == ["auto", "default"]
    assert rows["sampling.top_k"][3] == "Sample from the k most likely tokens. 0: from all."
    assert all(name.startswith("sampling.") for name in rows)


def test_one_setting_can_be_asked_for(acecoder):
    assert [row[0] for row in cells(acecoder("settings", "sampling.top_k"))] == ["sampling.top_k"]


def test_status_of_a_folder_that_is_not_there_yet_writes_nothing(acecoder, tmp_path):
    told = acecoder("status", "--profile", "own.toml")

    assert "home (not there yet)" in told
    assert "procedural-000" in told
    assert "to be done from seed_functions on" in told
    assert "reward_model" in told
    assert "acecoder run" in told
    assert not (tmp_path / "home").exists()

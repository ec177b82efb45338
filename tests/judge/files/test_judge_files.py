import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from acecoder_dagster.judge import SandboxSettings
from acecoder_dagster.judge.files import JudgeFileError, judge_files
from acecoder_dagster.judge.launch.bubblewrap import BubblewrapLauncher
from tests.judge.files.conftest import read_rows
from tests.requirements import DOCKER_AND_BUBBLEWRAP, needs

SETTINGS = SandboxSettings(launcher="bubblewrap", workers=2)
DOUBLE = {"question_id": "double", "tests": ["assert double(2) == 4", "assert double(0) == 0"]}
NEGATE = {"question_id": "negate", "tests": ["assert negate(1) == -1"]}
PROGRAMS = [
    {"question_id": "double", "program_id": "right", "program": "def double(x): return 2 * x"},
    {"question_id": "negate", "program_id": "other", "program": "def negate(x): return -x"},
    {"question_id": "double", "program_id": "half right", "program": "def double(x): return x + 2"},
    {"question_id": "double", "program_id": "broken", "program": "def double(x) return"},
]
COLUMNS = [
    "question_id", "program_id", "verdict", "outcomes", "passed", "pass_rate", "sealed", "cpu_ms", "wall_ms", "peak_mb",
    "message",
]  # fmt: skip
KILLS, SECONDS_BETWEEN_KILLS = 8, 0.7
SLOW = "import time; time.sleep(0.02); return 2 * x"
# A judge in a process of its own.
JUDGE = """
import sys
from acecoder_dagster.judge.files import judge_files
from acecoder_dagster.judge import SandboxSettings
judge_files(*sys.argv[1:4], SandboxSettings(launcher="bubblewrap", workers=2))
"""


def many(count, body="return 2 * x"):
    return [
        {"question_id": "double", "program_id": f"p{i}", "program": f"def double(x):\n    {body}  # {i}"}
        for i in range(count)
    ]


def kept(out, folder):
    """How many verdicts a killed judge left; counted in a copy."""
    folder.mkdir(exist_ok=True)
    for path in out.parent.glob(f"{out.name}.judged*"):
        shutil.copy(path, folder)
    with contextlib.closing(sqlite3.connect(folder / f"{out.name}.judged")) as database:
        return database.execute("SELECT count(*) FROM verdicts").fetchone()[0]


CHECK = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(0) == 0\n"
UNITTEST = """
import unittest
class TestDouble(unittest.TestCase):
    def test_two(self):
        self.assertEqual(double(2), 4)
"""
KINDS = {
    "tests": {"tests": ["assert double(2) == 4"], "entry_point": "double"},
    "check": {"test_code": CHECK, "entry_point": "double"},
    "unittest": {"test_code": UNITTEST, "entry_point": "double"},
    "calls": {"io_tests": [{"input": "2", "output": "4"}, {"input": "0", "output": "0"}], "entry_point": "double"},
    "standard input": {"io_tests": [{"input": "2\n", "output": "4\n"}]},
}


@pytest.mark.parametrize("launcher", DOCKER_AND_BUBBLEWRAP)
@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
def test_one_file_may_have_questions_with_every_kind_of_test(write, tmp_path, ending, launcher):
    questions = [{"question_id": name, **kind} for name, kind in KINDS.items()]
    bodies = {"right": "2 * x", "wrong": "x + 3"}
    programs = [
        {
            "question_id": name,
            "program_id": f"{name} {answer}",
            "program": f"print({body.replace('x', 'int(input())')})"
            if name == "standard input"
            else f"def double(x): return {body}",
        }
        for name in KINDS
        for answer, body in bodies.items()
    ]
    out = tmp_path / "verdicts.jsonl"
    settings = SETTINGS.model_copy(update={"launcher": launcher})

    judge_files(write(f"questions.{ending}", questions), write(f"programs.{ending}", programs), out, settings)

    rows = {row["program_id"]: row for row in read_rows(out)}
    assert {name: rows[f"{name} right"]["verdict"] for name in KINDS} == dict.fromkeys(KINDS, "passed")
    assert {name: rows[f"{name} wrong"]["verdict"] for name in KINDS} == dict.fromkeys(KINDS, "failed")
    assert all(len(row["outcomes"]) == len(row["passed"]) == len(row["sealed"]) > 0 for row in rows.values())
    assert len(rows["calls right"]["outcomes"]) == 2


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "jsonl.gz", "json"])
def test_verdicts_are_one_row_per_program_in_the_order_of_the_programs(write, tmp_path, ending):
    questions, programs = write(f"questions.{ending}", [DOUBLE, NEGATE]), write(f"programs.{ending}", PROGRAMS)
    out = tmp_path / f"verdicts.{ending}"

    judged = judge_files(questions, programs, out, SETTINGS)

    rows = read_rows(out)
    assert [row["program_id"] for row in rows] == ["right", "other", "half right", "broken"]
    assert [list(row) for row in rows] == [COLUMNS] * 4
    assert [row["verdict"] for row in rows] == ["passed", "passed", "failed", "error"]
    assert rows[2]["outcomes"] == ["passed", "failed"]
    assert rows[2]["passed"] == [True, False]
    assert rows[2]["sealed"] == [True, True]
    assert (rows[2]["pass_rate"], rows[2]["message"]) == (0.5, "got 2")
    assert (judged.programs, judged.judged, judged.passed, judged.judge_errors) == (4, 4, 2, 0)
    assert judged.outcomes == {"passed": 4, "failed": 1, "error": 2}
    assert judged.sealed_share == 1.0


def test_a_question_may_have_a_limit_of_its_own(write, tmp_path):
    questions = [DOUBLE | {"question_id": name, "cpu_seconds": limit} for name, limit in [("own", 3), ("usual", None)]]
    slow = "import time\ndef double(x):\n    while time.process_time() < 0.9: pass\n    return 2 * x"
    programs = [{"question_id": q["question_id"], "program_id": q["question_id"], "program": slow} for q in questions]
    files = write("questions.jsonl", questions), write("programs.jsonl", programs), tmp_path / "verdicts.jsonl"

    judge_files(*files, SETTINGS.model_copy(update={"cpu_seconds_per_test": 0.3}))

    assert [row["outcomes"][0] for row in read_rows(files[2])] == ["passed", "cpu_timeout"]


def test_what_was_judged_is_not_judged_again(write, tmp_path):
    files = write("questions.jsonl", [DOUBLE, NEGATE]), write("programs.jsonl", PROGRAMS), tmp_path / "verdicts.jsonl"
    judge_files(*files, SETTINGS)
    before = files[2].read_bytes()

    assert judge_files(*files, SETTINGS).judged == 0
    assert files[2].read_bytes() == before


@pytest.mark.parametrize(
    ("changed", "judged"),
    [
        ({"programs": [*PROGRAMS, PROGRAMS[0] | {"program_id": "new", "program": "double = lambda x: x"}]}, 1),
        ({"programs": [PROGRAMS[0] | {"program": "def double(x): return 3"}, *PROGRAMS[1:]]}, 1),
        ({"programs": PROGRAMS[::-1]}, 0),
        ({"questions": [DOUBLE, NEGATE | {"tests": ["assert negate(2) == -2"]}]}, 1),
        ({"questions": [DOUBLE, NEGATE | {"setup_code": "import math"}]}, 1),
        ({"questions": [DOUBLE, NEGATE | {"cpu_seconds": 2}]}, 1),
        ({"settings": SETTINGS.model_copy(update={"cpu_seconds_per_test": 2.0})}, 4),
        ({"settings": SETTINGS.model_copy(update={"workers": 1})}, 0),
    ],
    ids=[
        "program added",
        "program changed",
        "order",
        "test changed",
        "setup changed",
        "a question's limit",
        "limit",
        "workers",
    ],
)
def test_only_what_a_change_concerns_is_judged_anew(write, tmp_path, changed, judged):
    out = tmp_path / "verdicts.jsonl"

    def run(questions=(DOUBLE, NEGATE), programs=PROGRAMS, settings=SETTINGS):
        files = write("questions.jsonl", list(questions)), write("programs.jsonl", programs)
        return judge_files(*files, out, settings), [row["program_id"] for row in programs]

    run()
    result, ids = run(**changed)

    assert result.judged == judged
    assert [row["program_id"] for row in read_rows(out)] == ids


def test_killed_at_any_moment_it_goes_on_and_loses_and_doubles_nothing(write, tmp_path, tmp_path_factory):
    questions = write("questions.jsonl", [DOUBLE])
    programs = write("programs.jsonl", many(120, SLOW))
    out = tmp_path / "verdicts.parquet"
    known = 0
    for more in (1, 20):
        with subprocess.Popen([sys.executable, "-c", JUDGE, questions, programs, out]) as process:
            while not Path(f"{out}.judged").exists() or kept_so_far(out) < known + more:
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        assert not out.exists()
        known = kept(out, tmp_path_factory.mktemp("copy"))
    assert 20 < known < 120

    result = judge_files(questions, programs, out, SETTINGS)

    assert result.judged == 120 - known
    assert [row["program_id"] for row in read_rows(out)] == [f"p{i}" for i in range(120)]
    assert result.passed == 120
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "programs.jsonl", "questions.jsonl", "verdicts.parquet", "verdicts.parquet.judged",
    ]  # fmt: skip


def kept_so_far(out):
    """While another process has the verdicts open, only the size of its log tells."""
    log = Path(f"{out}.judged-wal")
    return log.stat().st_size // 16_384 if log.exists() else 0


def test_a_program_that_the_judge_failed_on_is_tried_again_and_no_other(write, tmp_path, monkeypatch):
    files = write("questions.jsonl", [DOUBLE]), write("programs.jsonl", many(60, SLOW)), tmp_path / "verdicts.jsonl"
    others, has_begun, is_judged = descendants(os.getpid()), threading.Event(), threading.Event()

    start = BubblewrapLauncher.start

    def start_and_tell(self, scientific):
        sandbox = start(self, scientific)
        has_begun.set()
        return sandbox

    monkeypatch.setattr(BubblewrapLauncher, "start", start_and_tell)

    def kill_the_sandboxes():
        has_begun.wait()  # a judge that never had a sandbox gives up at once
        # More than once: a sandbox that dies with several programs costs none of them a verdict, one with a single one.
        for _ in range(KILLS):
            if is_judged.wait(SECONDS_BETWEEN_KILLS):
                return
            # The sandbox before its programs: whose program dies first takes that for the program's own crash.
            for process in sorted(descendants(os.getpid()) - others):
                with contextlib.suppress(ProcessLookupError):  # it went with its parent
                    os.kill(process, signal.SIGKILL)

    once = SETTINGS.model_copy(update={"retries": 0})
    killer = threading.Thread(target=kill_the_sandboxes)
    killer.start()
    try:
        first = judge_files(*files, once)
    finally:
        is_judged.set()
        has_begun.set()
        killer.join()
    failed = [row["program_id"] for row in read_rows(files[2]) if "judge_error" in row["outcomes"]]
    second = judge_files(*files, once)

    assert 0 < first.judge_errors < 60
    assert len(failed) == first.judge_errors == second.judged
    assert (second.judge_errors, second.passed) == (0, 60)
    assert [row["program_id"] for row in read_rows(files[2])] == [f"p{i}" for i in range(60)]


def descendants(process):
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
    found = {process}
    while grown := {child for child, parent in parents.items() if parent in found} - found:
        found |= grown
    return found - {process}


@needs("root", "unshare")
def test_a_full_disk_is_said_and_what_was_judged_is_kept(write, tmp_path):
    questions, programs = write("questions.jsonl", [DOUBLE]), write("programs.jsonl", many(200))
    disk = tmp_path / "disk"
    disk.mkdir()
    command = f'"{sys.executable}" -m acecoder_dagster judge --launcher bubblewrap "{questions}" "{programs}"'
    judge = f"{command} -o disk/out.jsonl; echo code $?"
    script = (
        f"mount -t tmpfs -o size=400k none disk; {judge}; mount -o remount,size=9m disk; {judge}; cp disk/out.jsonl ."
    )

    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    first, _, second = done.stdout.partition("code 2")
    assert "make room on the disk and start again" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert first == ""
    assert "code 0" in second
    rows = read_rows(tmp_path / "out.jsonl")
    assert [row["program_id"] for row in rows] == [f"p{i}" for i in range(200)]
    judged_now = int(next(line for line in second.splitlines() if "bubblewrap" in line).split("│")[3])
    assert 0 < judged_now < 200


def test_two_judges_never_write_the_same_verdicts(write, tmp_path):
    questions, out = write("questions.jsonl", [DOUBLE]), tmp_path / "verdicts.jsonl"
    programs = write("programs.jsonl", many(4))
    errors = []

    def judge_meanwhile(done, total):
        if not errors:
            with pytest.raises(JudgeFileError, match="another process is judging into this file") as caught:
                judge_files(questions, programs, out, SETTINGS)
            errors.append(caught)

    assert judge_files(questions, programs, out, SETTINGS, judge_meanwhile).programs == 4
    assert errors


def test_an_earlier_file_of_verdicts_stays_until_the_new_one_is_whole(write, tmp_path):
    questions, programs = write("questions.jsonl", [DOUBLE]), write("programs.jsonl", many(4))
    out = tmp_path / "verdicts.jsonl"
    out.write_text("mine\n")

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge_files(questions, programs, out, SETTINGS, interrupt)
    assert out.read_text() == "mine\n"


@pytest.mark.parametrize(
    ("tests", "programs", "verdict"),
    [
        (
            ["assert is_sorted(order([2, 1]))"],
            ["def order(x): return sorted(x)\ndef is_sorted(x): return True"],
            "passed",
        ),
        (
            ["from math import isclose\nassert isclose(half(1), 0.5)"],
            ["import math\ndef half(x): return x / 2", "def half(x): return x / 2"],
            "passed",
        ),
        (["assert list(map(double, [1])) == [2]"], ["double = lambda x: 2 * x"], "passed"),
        (["assert Stack().size() == 0"], ["class Stack:\n    def size(self): return 0"], "passed"),
        (["assert str(sum(2, 3)) == '5'"], ["def sum(a, b): return a + b"], "passed"),
        (["assert double(1) == 2"], ["def twice(x): return 2 * x"], "error"),
    ],
    ids=["helper", "import in the test", "name handed over", "class", "a name of Python's", "nobody defines it"],
)
def test_the_entry_point_is_found_where_the_question_does_not_name_it(write, tmp_path, tests, programs, verdict):
    questions = write("questions.jsonl", [{"question_id": 7, "tests": tests}])
    rows = [{"question_id": 7, "program_id": i, "program": program} for i, program in enumerate(programs)]
    out = tmp_path / "verdicts.jsonl"

    judge_files(questions, write("programs.jsonl", rows), out, SETTINGS)

    assert {row["verdict"] for row in read_rows(out)} == {verdict}


def test_a_very_long_program_is_an_error_and_no_failure(write, tmp_path):
    questions, out = write("questions.jsonl", [DOUBLE]), tmp_path / "verdicts.jsonl"
    long = {"question_id": "double", "program_id": "long", "program": "#" * 2_000_000}

    judge_files(questions, write("programs.jsonl", [long, PROGRAMS[0]]), out, SETTINGS)

    first, second = read_rows(out)
    assert (first["verdict"], second["verdict"]) == ("error", "passed")
    assert "max_program_bytes" in first["message"]

"""A cluster judges as one machine does, whatever becomes of its nodes."""

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from acecoder_dagster.judge import (
    IoTest,
    Judge,
    OtherSandboxError,
    ProgramJob,
    QuestionTests,
    SandboxSettings,
    Verdict,
    install_host_packages,
)
from acecoder_dagster.judge.files import judge_files
from acecoder_dagster.judge.run.workers import LocalWorkers
from tests.judge.attacks import FORGING, HONEST_SOLUTION, QUESTION, REPORTING
from tests.judge.attacks.families import ATTACKS
from tests.judge.cluster.clusters import add_node
from tests.judge.conftest import SHORT_LIMITS

SETTINGS = SandboxSettings(launcher="bubblewrap", set="plain", workers=1, **SHORT_LIMITS)
ADDING = QuestionTests("adding", "add", "", ("assert add(1, 2) == 3", "assert add('a', 'b') == 'ab'"))
READING = QuestionTests("reading", "", "", io_tests=(IoTest("2\n", "4\n"), IoTest("5\n", "10\n")))
CHECKED = QuestionTests("checked", "add", "", test_code="def check(candidate):\n    assert candidate(1, 1) == 2")
ADDERS = {
    "right": "def add(a, b): return a + b",
    "half": "def add(a, b): return 3",
    "raises": "def add(a, b): raise KeyError(a)",
    "ends": "import os\ndef add(a, b): os._exit(0)",
    "hangs": "def add(a, b):\n    while True: pass",
    "is no text": "def add(a, b): return '\udc80'",
    "is no Python": "def add(a, b) return a + b",
    "prints": "def add(a, b):\n    print('passed')\n    return a + b",
}
READERS = {"doubles": "print(2 * int(input()))", "echoes": "print(input())"}
HOSTILE = [*FORGING, *REPORTING][:6]


def mixed_jobs() -> list[ProgramJob]:
    """Programs of every form of test, good, bad and hostile."""
    jobs = [ProgramJob(question, name, text) for question in (ADDING, CHECKED) for name, text in ADDERS.items()]
    jobs += [ProgramJob(READING, name, text) for name, text in READERS.items()]
    attacks = FORGING | REPORTING
    jobs += [ProgramJob(QUESTION, name, attacks[name]) for name in HOSTILE]
    jobs += [ProgramJob(QUESTION, "honest", HONEST_SOLUTION)]
    jobs += [ProgramJob(attack.question, name, attack.program) for name, attack in list(ATTACKS.items())[:4]]
    return jobs


def told(verdicts: Iterator[Verdict]) -> dict[tuple[str, str], tuple[object, ...]]:
    """What verdicts say, but for what was measured; a job that has two fails."""
    rows = [((v.question_id, v.program_id), (v.verdict, v.outcomes, v.passed, v.sealed, v.message)) for v in verdicts]
    assert len(dict(rows)) == len(rows)
    return dict(rows)


def many(count: int) -> list[ProgramJob]:
    """Programs that take a moment; every third is wrong."""
    program = "import time\ndef add(a, b):\n    time.sleep(0.01)\n    return {}  # {}"
    return [ProgramJob(ADDING, str(i), program.format("a + b" if i % 3 else "a", i)) for i in range(count)]


EXPECTED_OF_MANY = {i: "passed" if i % 3 else "failed" for i in range(600)}


def test_every_outcome_is_the_one_of_this_machine(machines):
    with Judge(SETTINGS) as judge:
        here = told(judge.judge(mixed_jobs()))
    with Judge(SETTINGS, machines) as judge:
        there = told(judge.judge(mixed_jobs()))

        assert there == here
        assert len(there) == len(mixed_jobs())
        assert judge.sandbox_identity == LocalWorkers(SETTINGS).identity
        assert "bubblewrap on" in judge.launcher_name
        assert {outcome for _, outcomes, *_ in there.values() for outcome in outcomes} >= {
            "passed", "failed", "error", "crashed", "cpu_timeout",
        }  # fmt: skip
    hostile = [there[QUESTION.question_id, name] for name in HOSTILE]
    assert not any(p and s for _, _, passed, sealed, _ in hostile for p, s in zip(passed, sealed, strict=True))


def test_calls_are_observed_as_on_this_machine(machines):
    program = "def f(x):\n    if x > 2: raise ValueError(x)\n    return {x: [1.5, (x, None)]}"
    calls = ["f(1)", "f(2)", "f(3)", "iter(f)"]
    with Judge(SETTINGS) as here, Judge(SETTINGS, machines) as there:
        assert there.observe(program, "", calls) == here.observe(program, "", calls)


def test_nodes_that_join_and_are_lost_change_no_verdict(cluster, machines):
    jobs, verdicts = many(600), []
    before = sorted(cluster.worker_nodes, key=lambda node: node.unique_id)
    with Judge(SETTINGS, machines) as judge:
        for verdict in judge.judge(jobs):
            verdicts.append(verdict)
            if len(verdicts) == 50:
                add_node(cluster)
            if len(verdicts) == 200:
                cluster.remove_node(before[0], allow_graceful=False)
        speeds = judge.take_node_speeds()

    assert sorted(int(verdict.program_id) for verdict in verdicts) == list(range(600))
    assert {int(v.program_id): str(v.verdict) for v in verdicts} == EXPECTED_OF_MANY
    assert sum(speed.programs for speed in speeds) >= 600
    assert all(speed.programs_per_second > 0 for speed in speeds)


def test_after_the_death_of_the_command_the_next_one_goes_on(machines, tmp_path):
    questions, programs = tmp_path / "questions.parquet", tmp_path / "programs.parquet"
    out, alone = tmp_path / "verdicts.parquet", tmp_path / "alone.parquet"
    jobs = many(600)
    pl.DataFrame({"question_id": ["adding"], "tests": [list(ADDING.tests)]}).write_parquet(questions)
    rows = [{"question_id": "adding", "program_id": job.program_id, "program": job.program} for job in jobs]
    pl.DataFrame(rows).write_parquet(programs)
    options = ["--launcher", "bubblewrap", "--set", "plain", "--cluster", machines.address]
    command = [sys.executable, "-m", "acecoder_dagster", "judge", str(questions), str(programs), "-o", str(out)]
    with subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL) as process:
        while log_size(out) < 1 << 20:
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    known = kept(out)
    assert 0 < known < 600
    usual = SandboxSettings(launcher="bubblewrap", set="plain", workers=2)

    went_on = judge_files(questions, programs, out, usual, cluster=machines)

    assert went_on.judged == 600 - known
    judge_files(questions, programs, alone, usual)
    said = ["program_id", "verdict", "outcomes", "passed", "sealed", "message"]
    assert pl.read_parquet(out, columns=said).equals(pl.read_parquet(alone, columns=said))


def log_size(out: Path) -> int:
    """While another process has the verdicts open, only the size of their log tells how many there are."""
    log = out.with_name(f"{out.name}.judged-wal")
    return log.stat().st_size if log.exists() else 0


def kept(out: Path) -> int:
    """How many verdicts the killed command has left; counted in a copy."""
    with tempfile.TemporaryDirectory() as folder:
        for file in out.parent.glob(f"{out.name}.judged*"):
            shutil.copy(file, folder)
        with contextlib.closing(sqlite3.connect(Path(folder) / f"{out.name}.judged")) as database:
            return int(database.execute("SELECT count(*) FROM verdicts").fetchone()[0])


def test_a_node_whose_programs_would_see_something_else_is_refused(cluster, machines, tmp_path):
    packages = install_host_packages(SETTINGS.read_set()).folder.name
    (tmp_path / "acecoder" / packages / "another-1.0.dist-info").mkdir(parents=True)
    other = add_node(cluster, env_vars={"XDG_CACHE_HOME": str(tmp_path)})
    try:
        with Judge(SETTINGS, machines) as judge, pytest.raises(OtherSandboxError, match="give all nodes the same"):
            judge_for_ever(judge)
    finally:
        cluster.remove_node(other, allow_graceful=False)


def judge_for_ever(judge: Judge) -> None:
    while True:
        list(judge.judge(many(64)))

import contextlib
import os
import signal
import subprocess
import sys
import threading

import docker
import pytest

from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests, SandboxSettings, ensure_image
from acecoder_dagster.judge.launch import containers
from acecoder_dagster.judge.launch.containers import LABEL
from acecoder_dagster.judge.run import program_run
from acecoder_dagster.judge.types import JudgeClosedError
from tests.judge.conftest import LAUNCHERS
from tests.judge.sandboxes import eventually_gone, eventually_there, kill, sandboxes_of, still_there, zygotes_of
from tests.requirements import needs

QUESTION = QuestionTests("q", "f", "", ("assert f(1) == 2", "assert sorted(f([2, 1])) == [1, 2]"))
# A judge in a process of its own, busy with a program that waits; it prints the names of its sandboxes first.
BUSY_JUDGE = """
import sys, threading, time
from acecoder_dagster.judge import Judge, ProgramJob, QuestionTests, SandboxSettings
question = QuestionTests("q", "f", "", ("assert f(1) == 2",))
with Judge(SandboxSettings(launcher=sys.argv[1], workers=2, wait_seconds_per_test=60)) as judge:
    print(list(judge.judge(ProgramJob(question, str(i), f"def f(x): return {i}") for i in range(40)))[0], flush=True)
    list(judge.judge(ProgramJob(question, str(i), f"import time\\ndef f(x): time.sleep({50 + i})") for i in range(40)))
"""


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_killing_the_judge_leaves_no_container_and_no_process(launcher: str):
    with subprocess.Popen([sys.executable, "-c", BUSY_JUDGE, launcher], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "Verdict" in process.stdout.readline()
        names = sandboxes_of(process.pid)
        assert len(names) >= 2, names
        process.send_signal(signal.SIGKILL)
    assert eventually_gone(names), still_there(names)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_closing_the_judge_leaves_no_container_and_no_process(launcher: str):
    before = sandboxes_of(os.getpid())
    with Judge(SandboxSettings(launcher=launcher, workers=2)) as judge:
        jobs = [ProgramJob(QUESTION, str(i), f"def f(x): return {i}") for i in range(40)]
        assert len(list(judge.judge(jobs))) == 40
        names = sandboxes_of(os.getpid()) - before
        assert names
    assert not still_there(names)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_closing_a_busy_judge_stops_it_and_leaves_nothing(launcher: str):
    before = sandboxes_of(os.getpid())
    with Judge(SandboxSettings(launcher=launcher, workers=1, wait_seconds_per_test=60)) as judge:
        jobs = [ProgramJob(QUESTION, str(i), f"import time\ntime.sleep({i})") for i in range(0, 600, 30)]
        assert next(judge.judge(jobs[:1])).verdict == "error"
        verdicts = judge.judge(jobs)
        stopper = threading.Timer(0.5, judge.close)
        stopper.start()
        with pytest.raises(JudgeClosedError):
            list(verdicts)
        names = sandboxes_of(os.getpid()) - before
        stopper.join()
    assert not still_there(names)


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_killed_sandbox_loses_and_invents_no_verdict(launcher: str):
    before = sandboxes_of(os.getpid())
    slow = "import time\ndef f(x):\n    time.sleep(0.01)\n    return x + 1 if x == 1 else x  # {}"
    jobs = [ProgramJob(QUESTION, str(i), slow.format(i)) for i in range(60)]
    verdicts = []
    with Judge(SandboxSettings(launcher=launcher, workers=1)) as judge:
        for verdict in judge.judge(jobs):
            if len(verdicts) in (5, 40):
                kill(eventually_there(os.getpid(), before))
            verdicts.append(verdict)
    assert sorted(int(verdict.program_id) for verdict in verdicts) == list(range(60))
    assert {str(verdict.verdict) for verdict in verdicts} == {"passed"}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_killed_zygote_loses_and_invents_no_verdict(launcher: str):
    before = zygotes_of(os.getpid())
    program = "import time\ndef f(x):\n    time.sleep(0.01)\n    return x + 1 if x == 1 else x  # {}"
    jobs = [ProgramJob(QUESTION, str(i), program.format(i)) for i in range(60)]
    verdicts = []
    with Judge(SandboxSettings(launcher=launcher, workers=1)) as judge:
        for verdict in judge.judge(jobs):
            if len(verdicts) in (5, 40):
                zygotes = zygotes_of(os.getpid()) - before
                assert zygotes
                for zygote in zygotes:
                    os.kill(zygote, signal.SIGKILL)
            verdicts.append(verdict)
    assert sorted(int(verdict.program_id) for verdict in verdicts) == list(range(60))
    assert {str(verdict.verdict) for verdict in verdicts} == {"passed"}


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_after_an_error_in_the_judge_itself_no_program_gets_the_answer_of_another(launcher: str, monkeypatch):
    def fail(*_):
        monkeypatch.undo()
        raise ZeroDivisionError

    right, wrong = "def f(x): return x + 1 if x == 1 else x", "def f(x): return 0"
    with Judge(SandboxSettings(launcher=launcher, workers=1)) as judge:
        monkeypatch.setattr(program_run.ProgramRun, "absorb", fail)
        with pytest.raises(ZeroDivisionError):
            list(judge.judge(ProgramJob(QUESTION, str(i), f"{right}  # {i}") for i in range(3)))
        verdicts = list(judge.judge(ProgramJob(QUESTION, str(i), f"{wrong}  # {i}") for i in range(3)))
    assert [str(verdict.verdict) for verdict in verdicts] == ["failed"] * 3


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_program_holds_nothing_of_the_judge_however_much_the_judge_has_open(launcher: str):
    program = """
import os
def held():
    descriptors = []
    for descriptor in range(4096):
        try: os.fstat(descriptor)
        except OSError: continue
        descriptors.append(descriptor)
    return descriptors
"""
    question = QuestionTests("descriptors", "held", "", ("assert held() == [0, 1, 2, 3]",))
    files = [os.open("/dev/null", os.O_RDONLY) for _ in range(200)]
    try:
        with Judge(SandboxSettings(launcher=launcher, workers=1)) as judge:
            (verdict,) = judge.judge([ProgramJob(question, "curious", program)])
    finally:
        for file in files:
            os.close(file)
    assert verdict.verdict == "passed", verdict


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_full_scratch_folder_costs_the_test_that_filled_it_only(launcher: str, judges):
    program = """
import os
def f(x):
    if x == 1:
        for i in range(100):
            with open(f"/tmp/{i}", "wb") as file: file.write(bytes(8 << 20))
    for name in os.listdir("/tmp"): os.unlink("/tmp/" + name)
    return x
"""
    question = QuestionTests("disk", "f", "", ("assert f(0) == 0", "assert f(1) == 1", "assert f(2) == 2"))
    jobs = [ProgramJob(question, "filling", program), ProgramJob(question, "after", "def f(x): return x")]
    verdicts = {verdict.program_id: verdict for verdict in judges(launcher).judge(jobs)}
    filling, after = verdicts["filling"], verdicts["after"]
    assert filling.outcomes == ("passed", "error", "passed"), filling
    assert "No space left" in filling.message
    assert after.verdict == "passed"


@needs("docker")
def test_a_container_that_was_created_and_never_started_is_removed_by_the_next_judge(monkeypatch):
    engine = docker.from_env()
    left = engine.containers.create(ensure_image(engine, SandboxSettings().read_set()), labels={LABEL: "0"})
    try:
        Judge(SandboxSettings(launcher="docker")).close()
        assert still_there({left.id}), "it may still be about to start"
        monkeypatch.setattr(containers, "START_SECONDS", 0)
        Judge(SandboxSettings(launcher="docker")).close()
        assert not still_there({left.id})
    finally:
        with contextlib.suppress(docker.errors.NotFound):
            left.remove(force=True)
        engine.close()


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_many_workers_judge_as_one_does(launcher):
    """What is under way to all sandboxes of a user is more than one of them may have open itself."""
    question = QuestionTests("q", "f", "", ("assert f(1) == 2", "assert f(2) == 3"))
    jobs = [ProgramJob(question, str(i), f"def f(x): return x + {i % 2}  # {i}") for i in range(400)]
    with Judge(SandboxSettings(launcher=launcher, workers=6)) as judge:
        verdicts = {v.program_id: str(v.verdict) for v in judge.judge(jobs)}
    assert verdicts == {str(i): "passed" if i % 2 else "failed" for i in range(400)}

import os

import pytest

from acecoder_dagster.judge import Judge, Outcome, ProgramJob, QuestionTests, Verdict
from tests.judge.attacks import (
    DECIDING,
    FORGING,
    HONEST_PRINTER,
    HONEST_SOLUTION,
    HOSTILE,
    PRINTED,
    PRINTING,
    PROXIES,
    QUESTION,
    REPORTING,
)
from tests.judge.sandboxes import sandboxes_of

# What the next program finds: it is alone, its folders are empty, and nobody has used up what it may use.
TRACES = """
import os, resource, threading
FOLDERS = [f for f in ("/tmp", "/dev/shm", "/dev/mqueue") if os.path.isdir(f)]
def processes(): return [p for p in os.listdir("/proc") if p.isdigit() and int(p) not in (1, os.getpid())]
def files(): return [os.path.join(folder, name) for folder in FOLDERS for name in os.listdir(folder)]
def space():
    systems = [os.statvfs(folder) for folder in FOLDERS[:2]]
    return [s.f_blocks - s.f_bfree for s in systems]
def modes(): return [oct(os.stat(folder).st_mode) for folder in FOLDERS[:2]]
def write():
    with open("/tmp/own", "wb") as file: return file.write(bytes(10 << 20))
def threads():
    gate, started = threading.Event(), []
    for _ in range(15):
        started.append(threading.Thread(target=gate.wait))
        started[-1].start()
    gate.set()
    return len(started)
def descriptors():
    return [d for d in range(2000) if d > 3 and os.path.exists(f"/proc/self/fd/{d}")]
"""
NO_TRACES = QuestionTests(
    "traces",
    "processes",
    "",
    (
        "assert len(processes()) == 1",  # the clerk
        "assert files() == []",
        "assert space() == [0, 0]",
        "assert modes() == ['0o41777', '0o41777']",
        "assert write() == 10 << 20",
        "assert threads() == 15",
        "assert descriptors() == []",
    ),
)


def judged(judge: Judge, *programs: tuple[QuestionTests, str]) -> list[Verdict]:
    """The verdicts on programs that run one after the other in the same sandboxes."""
    jobs = [ProgramJob(question, str(i), f"{program}\n# {i}") for i, (question, program) in enumerate(programs)]
    return sorted(judge.judge(jobs), key=lambda verdict: int(verdict.program_id))


def assert_earned_nothing(verdict: Verdict) -> None:
    assert not any(verdict.passed), verdict
    assert verdict.pass_rate == 0.0
    assert verdict.verdict == verdict.outcomes[0] != "passed"
    assert Outcome.JUDGE_ERROR not in verdict.outcomes, verdict
    assert "ESCAPED" not in verdict.message


def test_the_question_can_be_solved_and_every_test_of_it_is_sealed(judge: Judge):
    honest, traces = judged(judge, (QUESTION, HONEST_SOLUTION), (NO_TRACES, TRACES))
    assert honest.verdict == "passed", honest
    assert all(honest.sealed)
    assert traces.verdict == "passed", traces


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_program_earns_nothing_and_leaves_nothing_behind(judge: Judge, name: str):
    honest, hostile = (QUESTION, f"{HONEST_SOLUTION}# beside {name}"), (QUESTION, HOSTILE[name])
    judged(judge, (QUESTION, f"{HONEST_SOLUTION}# before {name}"))
    sandboxes = len(sandboxes_of(os.getpid()))
    before, verdict, after, traces = judged(judge, honest, hostile, honest, (NO_TRACES, TRACES))
    assert_earned_nothing(verdict)
    assert (before.verdict, after.verdict) == ("passed", "passed"), (before, after)
    assert traces.verdict == "passed", traces
    assert len(sandboxes_of(os.getpid())) == sandboxes


@pytest.mark.parametrize("name", [*FORGING, *REPORTING])
def test_hostile_programs_gain_nothing_from_the_honest_program_between_them(judge: Judge, name: str):
    honest, hostile = (QUESTION, f"{HONEST_SOLUTION}# between {name}"), (QUESTION, HOSTILE[name])
    first, between, second = judged(judge, hostile, honest, hostile)
    assert_earned_nothing(first)
    assert_earned_nothing(second)
    assert between.verdict == "passed", between


@pytest.mark.parametrize("name", PRINTING)
def test_a_hostile_program_that_prints_earns_nothing(judge: Judge, name: str):
    honest, hostile = (PRINTED, f"{HONEST_PRINTER}\n# beside {name}"), (PRINTED, PRINTING[name])
    before, verdict, after, traces = judged(judge, honest, hostile, honest, (NO_TRACES, TRACES))
    assert_earned_nothing(verdict)
    assert (before.verdict, after.verdict) == ("passed", "passed"), (before, after)
    assert traces.verdict == "passed", traces


@pytest.mark.parametrize("name", [*DECIDING, *PROXIES])
def test_how_a_test_is_decided_cannot_be_turned_against_the_judge(judge: Judge, name: str):
    program, tests = (DECIDING | PROXIES)[name]
    question = QuestionTests(name, "solve", "", (*tests, "assert sorted(solve(0)) == [0, 83177]"))
    constant = "def solve(n): return [83177, 0] if n == 0 else 'nothing'"
    before, hostile, after, traces = judged(
        judge, (question, constant), (question, program), (question, constant), (NO_TRACES, TRACES)
    )
    credited = [test for test, p, s in zip(question.tests, hostile.passed, hostile.sealed, strict=True) if p and s]
    assert not credited, hostile
    assert Outcome.JUDGE_ERROR not in hostile.outcomes, hostile
    for verdict in (before, after):
        assert verdict.passed[-1], verdict
    assert traces.verdict == "passed", traces

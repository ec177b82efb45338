import os
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import ValidationError

from acecoder_dagster.judge import (
    IoTest,
    Judge,
    Outcome,
    ProgramJob,
    QuestionTests,
    SandboxSettings,
    SandboxUnavailableError,
    Verdict,
)
from acecoder_dagster.judge.guest.arrays import Opaque
from tests.judge.conftest import LAUNCHERS
from tests.judge.sandboxes import eventually_there, kill, sandboxes_of
from tests.requirements import needs

TESTS = tuple(f"assert f({i}) == {i + 1}" for i in range(5))
QUESTION = QuestionTests("q", "f", "", TESTS)
GOOD = "def f(x): return x + 1"


def judged(judge: Judge, program: str, question: QuestionTests = QUESTION) -> Verdict:
    (verdict,) = judge.judge([ProgramJob(question, "p", program)])
    return verdict


@pytest.mark.parametrize(
    ("in_test_two", "outcome"),
    [
        ("while True: pass", Outcome.CPU_TIMEOUT),
        ("import time; time.sleep(100)", Outcome.WALL_TIMEOUT),
        ("import os; os._exit(0)", Outcome.CRASHED),
        ("import ctypes; ctypes.string_at(0)", Outcome.CRASHED),
        ("import sys; sys.exit(0)", Outcome.ERROR),
        ("raise KeyError('no')", Outcome.ERROR),
        ("return bytearray(1 << 40)", Outcome.MEMORY),
        ("return 'x' * (9 << 20)", Outcome.OUTPUT_LIMIT),
        ("return 17", Outcome.FAILED),
    ],
)
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_what_goes_wrong_in_one_test_costs_that_test_only(judges, launcher, in_test_two, outcome):
    program = f"def f(x):\n    if x == 2:\n        {in_test_two}\n    return x + 1"
    if outcome in (Outcome.CPU_TIMEOUT, Outcome.WALL_TIMEOUT):
        settings = SandboxSettings(
            launcher=launcher, workers=1, cpu_seconds_per_test=0.3, wait_seconds_per_test=0.5, max_timeouts=2
        )
        with Judge(settings) as judge:
            verdict = judged(judge, program)
    else:
        verdict = judged(judges(launcher), program)
    assert verdict.outcomes == ("passed", "passed", outcome, "passed", "passed"), verdict
    assert verdict.passed == (True, True, False, True, True)
    assert verdict.pass_rate == 0.8
    assert verdict.verdict == outcome


@pytest.mark.parametrize("kind", ["values", "proxies", "beside", "script"])
def test_a_question_with_a_limit_of_its_own_is_judged_by_it_whatever_its_tests(judge, kind):
    program = (
        "import time\nclass C:\n    def go(self):\n        while time.process_time() < 0.8: pass\n        return 1\n"
    )
    question = {
        "values": QuestionTests("q", "C", "", ("assert C().go() == 1",)),
        "proxies": QuestionTests("q", "C", "", ("c = C()\nassert c.go() == 1",)),
        "beside": QuestionTests("q", "C", "", ("open('x', 'w').close()\nassert C().go() == 1",)),
        "script": QuestionTests("q", "", "", io_tests=(IoTest("", "1"),)),
    }[kind]
    program += "print(C().go())" if kind == "script" else ""
    assert judged(judge, program, question).outcomes == ("cpu_timeout",)
    assert judged(judge, program, replace(question, cpu_seconds=5.0)).outcomes == ("passed",)
    assert judged(judge, program, question).outcomes == ("cpu_timeout",)


def test_after_too_many_timeouts_the_remaining_tests_are_given_up(judge):
    verdict = judged(judge, "def f(x):\n    while x: pass\n    return x + 1")
    assert verdict.outcomes == ("passed", *["cpu_timeout"] * 4)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("def f(x)", "SyntaxError"),
        ("raise ValueError('at import')", "ValueError: at import"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def g(x): return x", "NameError"),
        ("x = '\ud800'", "UnicodeEncodeError"),
        ("x = 1\0", "null bytes"),
        ("x = 1\n" * 400_000, "max_program_bytes"),
        ("", "NameError"),
    ],
)
def test_a_program_that_cannot_run_is_an_error_in_every_test_and_says_why(judge, program, reason):
    verdict = judged(judge, program)
    assert set(verdict.outcomes) == {"error"}
    assert reason in verdict.message


def test_a_verdict_tells_what_was_used_and_how_each_test_was_decided(judge):
    question = QuestionTests("mixed", "f", "", (*TESTS[:2], "exec('i = 3')\nassert f(i) == i + 1"))
    verdict = judged(judge, GOOD, question)
    assert verdict.sealed == (True, True, False)
    assert verdict.outcomes == ("passed",) * 3
    assert verdict.cpu_ms > 0
    assert verdict.wall_ms > 0
    assert verdict.peak_mb > 1
    assert (verdict.question_id, verdict.program_id, verdict.message) == ("mixed", "p", "")


def test_a_failed_test_says_what_the_program_returned(judge):
    assert "17" in judged(judge, "def f(x): return 17").message


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_values_may_weigh_what_the_setting_says(launcher):
    question = QuestionTests("large", "f", "", ("assert f(18) != ''", "assert f(18)"))
    program = "def f(size): return 'x' * (size << 20)"
    with Judge(SandboxSettings(launcher=launcher, workers=1, report_mb=28)) as judge:
        verdict = judged(judge, program, question)
    assert verdict.outcomes == ("passed", "output_limit"), verdict


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_program_that_ends_as_soon_as_it_has_reported_too_much_is_stopped_for_that(launcher):
    question = QuestionTests("large", "f", "", ("assert f()",) * 3)
    jobs = [ProgramJob(question, str(n), f"def f(): return 'x' * (9 << 20)  # {n}") for n in range(8)]
    with Judge(SandboxSettings(launcher=launcher, workers=1, report_mb=20)) as judge:
        assert {verdict.outcomes for verdict in judge.judge(jobs)} == {("passed", "passed", "output_limit")}


def test_setup_code_runs_after_the_program(judge):
    question = QuestionTests("setup", "depth", "tree = Node(Node(None))\nlimit = 2", ("assert depth(tree) == limit",))
    program = (
        "class Node:\n    def __init__(self, c): self.c = c\ndef depth(n): return 0 if n is None else 1 + depth(n.c)"
    )
    verdict = judged(judge, program, question)
    assert verdict.verdict == "passed"


@pytest.mark.parametrize("expected", [10**6000, "a\x1fb"], ids=["a long number", "a control character"])
@pytest.mark.parametrize("is_right", [True, False])
def test_values_that_decimals_or_formatted_strings_cannot_hold_are_compared_as_any_other(judge, expected, is_right):
    text = hex(expected) if isinstance(expected, int) else f"f'{{\"{expected}\"}}'"
    question = QuestionTests("long", "f", "", (f"assert f() == {text}", f"assert f() != {text} + {text}"))
    program = f"def f(): return {text if is_right else f'{text} * 3'}"
    assert judged(judge, program, question).outcomes == ("passed" if is_right else "failed", "passed")


def test_a_test_relies_on_the_modules_of_the_program_as_it_does_in_python(judge):
    question = QuestionTests("modules", "f", "", ("assert math.floor(f(1)) == 2",))
    assert judged(judge, "import math\n" + GOOD, question).verdict == "passed"
    verdict = judged(judge, GOOD, question)
    assert verdict.verdict == "error"
    assert "math" in verdict.message


def test_jobs_are_streamed_and_every_job_gets_its_verdict(judge):
    read = 0

    def jobs() -> Iterator[ProgramJob]:
        nonlocal read
        for number in range(600):
            read += 1
            yield ProgramJob(QUESTION, str(number), f"def f(x): return x + {number % 150}")

    verdicts = judge.judge(jobs())
    first = next(verdicts)
    assert read < 300
    rest = list(verdicts)
    by_id = {int(v.program_id): v for v in (first, *rest)}
    assert sorted(by_id) == list(range(600))
    assert all((v.verdict == "passed") == (number % 150 == 1) for number, v in by_id.items())


def test_several_threads_may_share_a_judge(judge):
    found: dict[int, list[str]] = {}

    def work(number: int) -> None:
        jobs = [ProgramJob(QUESTION, str(i), f"def f(x): return x + {number}  # {i}") for i in range(20)]
        found[number] = [str(v.verdict) for v in judge.judge(jobs)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {0: ["failed"] * 20, 1: ["passed"] * 20, 2: ["failed"] * 20}


def test_the_same_program_always_gets_the_same_random_numbers_and_set_order(judge):
    program = "import random\ndef f(x): return random.random(), list({'a', 'b', 'c', 'd'})"
    assert len({repr(judge.observe(program + f"\n#{i}", "", ["f(1)"])[0].value) for i in range(3)}) == 1


def test_observing_gives_values_errors_and_limits(judge):
    program = "def f(x):\n    while x == 9: pass\n    return (10 // x, {x})\nclass C: pass"
    one, error, own, hang = judge.observe(program, "y = 5", ["f(y)", "f(0)", "C()", "f(9)"])
    assert (one.value, one.error) == ((2, {5}), "")
    assert (error.value, error.error) == (None, "ZeroDivisionError")
    assert error.message
    assert isinstance(own.value, Opaque)
    assert hang.error == "cpu_timeout"


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_sandbox_that_breaks_once_too_often_gives_a_judge_error_and_not_a_failure(launcher):
    before = sandboxes_of(os.getpid())
    with Judge(SandboxSettings(launcher=launcher, workers=1, retries=0)) as judge:
        assert judged(judge, GOOD).verdict == "passed"
        timer = threading.Timer(0.5, lambda: kill(eventually_there(os.getpid(), before)))
        timer.start()
        verdict = judged(judge, "import time\ndef f(x):\n    time.sleep(0.5)\n    return x + 1")
        timer.join()
        assert set(verdict.outcomes) <= {"judge_error"}, verdict
        assert judged(judge, GOOD + "  # again").verdict == "passed"


@needs("docker")
def test_an_image_that_is_not_there_is_named():
    with pytest.raises(SandboxUnavailableError, match="no-such-image:1"):
        Judge(SandboxSettings(launcher="docker", image="no-such-image:1"))


def test_unknown_settings_are_refused():
    with pytest.raises(ValidationError, match="launcher"):
        SandboxSettings(launcher="podman")
    with pytest.raises(ValidationError, match="timeout"):
        SandboxSettings(timeout=3)


_BURN = """
import ctypes, os, signal, time
libc = ctypes.CDLL(None)
def burn():
    end = time.process_time() + 0.012
    while time.process_time() < end: pass
    os._exit(0)
def solve(n):
    for _ in range(400):
        WAY
    return 1
"""


@pytest.mark.parametrize(
    "way",
    {
        "waited for": "child = os.fork() or burn()\n        os.waitpid(child, 0)",
        "not waited for": "os.fork() or burn()\n        time.sleep(0.012)\n        os.waitpid(-1, os.WNOHANG)",
        "left to nobody": "(os.fork() or os.fork() and os._exit(0) or burn()) and os.wait()\n        time.sleep(0.013)",
        "ignored": "libc.signal(17, 1)\n        child = os.fork() or burn()\n        libc.waitpid(child, 0, 0)",
    }.items(),
    ids=lambda way: way[0],
)
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_time_of_children_that_have_ended_counts(launcher, way):
    settings = SandboxSettings(launcher=launcher, workers=1, cpu_seconds_per_test=0.5, wait_seconds_per_test=20)
    with Judge(settings) as judge:
        question = QuestionTests("q", "solve", "", ("assert solve(1) == 1",))
        (verdict,) = judge.judge([ProgramJob(question, "p", _BURN.replace("WAY", way[1]))])
    assert verdict.outcomes == ("cpu_timeout",), verdict
    assert 500 <= verdict.cpu_ms < 750


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_program_that_sleeps_is_stopped_at_the_wait_limit_and_one_that_waits_for_a_busy_test_is_not(launcher):
    settings = SandboxSettings(launcher=launcher, workers=1, cpu_seconds_per_test=2, wait_seconds_per_test=0.5)
    busy = "until = time.process_time() + 1\nwhile time.process_time() < until: pass\n"
    question = QuestionTests("q", "C", "import time", (f"c = C()\nassert c.go() == 1\n{busy}assert c.go() == 1",))
    with Judge(settings) as judge:
        jobs = [
            ProgramJob(question, name, f"import time\nclass C:\n    def go(self):\n        return {body}")
            for name, body in {"quick": "1", "sleeps": "time.sleep(1) or 1"}.items()
        ]
        outcomes = {verdict.program_id: verdict.outcomes for verdict in judge.judge(jobs)}
    assert outcomes == {"quick": ("passed",), "sleeps": ("wall_timeout",)}

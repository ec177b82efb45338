"""What makes the judge fast must not change a verdict."""

import pytest

from acecoder_dagster.judge import IoTest, Judge, ProgramJob, QuestionTests, SandboxSettings
from tests.judge.conftest import LAUNCHERS, SHORT_LIMITS

QUESTION = QuestionTests("q", "f", "", ("assert f(1) == 2", "assert f(2) == 3"))
GOOD = "def f(x): return x + 1"
HANGING = "def f(x):\n    while True: pass"
BROKEN = {
    "syntax": ("def f(x) return x", "SyntaxError"),
    "nested": ("x = " + "(" * 500 + ")" * 500, "SyntaxError"),
    "null": ("x = 1\0", "null bytes"),
    "deep": ("x = " + "-" * 100_000 + "1", ""),
    "endless": ("x = 1\ny = " + "x + " * 20_000 + "x", ""),
}


def verdicts(judge: Judge, programs: dict[str, str], question: QuestionTests = QUESTION) -> dict[str, tuple[str, ...]]:
    jobs = [ProgramJob(question, name, program) for name, program in programs.items()]
    return {verdict.program_id: verdict.outcomes for verdict in judge.judge(jobs)}


def test_programs_that_are_compiled_together_do_not_change_each_others_verdict(judge: Judge) -> None:
    broken = {name: program for name, (program, _) in BROKEN.items()}
    alone = {name: verdicts(judge, {name: f"{program}\n# alone"})[name] for name, program in broken.items()}
    together = verdicts(judge, {"first": GOOD, **broken, "last": f"{GOOD}\n# again"})
    assert together.pop("first") == together.pop("last") == ("passed", "passed")
    assert together == alone


@pytest.mark.parametrize("name", ["syntax", "nested", "null"])
def test_a_program_that_does_not_compile_says_why(judge: Judge, name: str) -> None:
    program, reason = BROKEN[name]
    jobs = [ProgramJob(QUESTION, "good", GOOD), ProgramJob(QUESTION, "broken", f"{program}\n# why")]
    messages = {verdict.program_id: verdict.message for verdict in judge.judge(jobs)}
    assert reason in messages["broken"]


def test_the_futures_of_the_judge_are_not_those_of_a_program(judge: Judge) -> None:
    # With `from __future__ import annotations`, which the judge's own modules use, these would be text.
    programs = {"unknown name": "def f(x: Unknown): return x + 1", "known": "def f(x: int) -> int: return x + 1"}
    outcomes = verdicts(judge, programs)
    assert outcomes == {"unknown name": ("error", "error"), "known": ("passed", "passed")}
    assert judge.observe(programs["known"], "", ["type(f.__annotations__['x']).__name__"])[0].value == "type"


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_a_hanging_program_does_not_hold_up_the_others(launcher: str) -> None:
    jobs = [ProgramJob(QUESTION, "hanging", HANGING)]
    jobs += [ProgramJob(QUESTION, str(number), f"{GOOD}  # {number}") for number in range(60)]
    with Judge(SandboxSettings.model_validate({"launcher": launcher, "workers": 1})) as judge:
        order = [verdict.program_id for verdict in judge.judge(jobs)]
    assert order[-1] == "hanging"
    assert sorted(order[:-1], key=int) == [str(number) for number in range(60)]


@pytest.mark.parametrize("kind", ["proxies", "beside", "script", "objects"])
def test_a_hanging_program_does_not_hold_up_the_others_whatever_the_tests(judge: Judge, kind: str) -> None:
    good, hanging = "class C:\n    def go(self): return 1", "class C:\n    def go(self):\n        while True: pass"
    question = {
        "proxies": QuestionTests("q", "C", "", ("c = C()\nassert c.go() == 1",)),
        "beside": QuestionTests("q", "C", "", ("open('x', 'w').close()\nassert C().go() == 1",)),
        "objects": QuestionTests("q", "make", "", ("assert make().go() == 1",)),
        "script": QuestionTests("q", "", "", io_tests=(IoTest("", "1"), IoTest("", "1"))),
    }[kind]
    ending = {"script": "\nprint(C().go())", "objects": "\ndef make(): return C()"}.get(kind, "")
    programs = {"hanging": hanging + ending} | {str(n): f"{good}{ending}\n# {n}" for n in range(4)}
    jobs = [ProgramJob(question, name, program) for name, program in programs.items()]
    found = {verdict.program_id: verdict.verdict for verdict in judge.judge(jobs)}
    assert list(found)[-1] == "hanging"
    assert found == {"hanging": "cpu_timeout"} | {str(n): "passed" for n in range(4)}


def test_a_program_that_takes_long_and_ends_gets_its_verdict(judge: Judge) -> None:
    slow = "import time\nstarted = time.process_time()\nwhile time.process_time() < started + 0.2: pass\n"
    asleep = "import time\ntime.sleep(0.3)\n"
    assert verdicts(judge, {"slow": slow + GOOD, "asleep": asleep + GOOD}) == {
        "slow": ("passed", "passed"),
        "asleep": ("passed", "passed"),
    }


@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_more_hanging_programs_than_are_kept_waiting_all_get_a_verdict(launcher: str, monkeypatch) -> None:
    monkeypatch.setattr("acecoder_dagster.judge.run.verdict_stream.POSTPONED_PER_WORKER", 2)
    programs = {str(number): f"{HANGING if number % 2 else GOOD}\n# {number}" for number in range(40)}
    settings = SandboxSettings.model_validate({"launcher": launcher, "workers": 2, **SHORT_LIMITS})
    with Judge(settings.model_copy(update={"cpu_seconds_per_test": 0.12})) as judge:
        found = verdicts(judge, programs)
    assert found == {name: ("cpu_timeout",) * 2 if int(name) % 2 else ("passed",) * 2 for name in programs}


def test_programs_that_mention_numpy_find_it_loaded_and_seeded_or_learn_that_it_is_missing(judge: Judge) -> None:
    program = "import sys\nwas_loaded = 'numpy' in sys.modules\nimport numpy as np\n"
    program += "def f(): return was_loaded, float(np.random.rand())"
    first, second = (judge.observe(f"{program}\n# {number}", "", ["f()"])[0] for number in range(2))
    if first.error:
        assert first.error == second.error == "ModuleNotFoundError"
    else:
        assert first.value == second.value == (True, 0.5488135039273248)


def test_no_program_meets_what_another_left_in_a_module(judge: Judge) -> None:
    leave = "import math, json, random\nmath.left = json.left = 1\nrandom.seed(7)\ndef f(x): return x + 1"
    look = "import math, json, random\ndef f(x): return x + 1 + hasattr(math, 'left') + hasattr(json, 'left')"
    assert set(verdicts(judge, {"1": leave, "2": look, "3": look + " "}).values()) == {("passed", "passed")}

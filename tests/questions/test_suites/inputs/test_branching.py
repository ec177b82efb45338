import ast
import textwrap

import pytest

from acecoder_dagster.judge import Judge, SandboxSettings
from acecoder_dagster.questions.test_suites.inputs import InputSettings, Subject, branching_inputs
from tests.questions.test_suites.inputs.test_observing import observe_here
from tests.requirements import DOCKER_AND_BUBBLEWRAP


def found(program, *known, observe=observe_here, seed=0, **settings):
    program = textwrap.dedent(program)
    name = ast.parse(program).body[-1].name
    subject = Subject("q", name, program, argument_texts=known)
    (inputs,) = branching_inputs([subject], observe, InputSettings(**settings), seed)
    return [each.positional for each in inputs]


RARE = """
    def f(number):
        if number == 7319:
            return "rare"
        return "usual"
"""


@pytest.mark.parametrize("launcher", DOCKER_AND_BUBBLEWRAP)
def test_a_branch_behind_a_constant_is_reached_in_every_sandbox(launcher):
    with Judge(SandboxSettings(launcher=launcher, workers=1)) as judge:
        assert (7319,) in found(RARE, "1", "2", observe=judge.observe)


@pytest.mark.parametrize(
    ("program", "known", "reaches"),
    [
        ("def f(text):\n    return text == 'open' and len(text)", "'shut'", lambda text: text == "open"),
        ("def f(text):\n    return 1 if re.search('ab{2,3}', text) else 0", "'ac'", lambda text: "abb" in text),
        (
            "def f(items):\n    return [x for x in items if x > 0]",
            "[3, 1, 2]",
            lambda items: min(items, default=1) <= 0,
        ),
        ("def f(items, item):\n    return item in items and items[0]", "[5, 6], 4", lambda items, item: item in items),
        ("def f(n):\n    while n % 2 == 0:\n        n //= 2\n    return n", "7", lambda n: n % 2 == 0),
        (
            "def f(text):\n    try:\n        return int(text)\n    except ValueError:\n        return None",
            "'12'",
            lambda text: not text.strip("-").isdigit(),
        ),
    ],
    ids=[
        "short circuit",
        "regular expression",
        "comprehension",
        "parts of other arguments",
        "loop",
        "caught exception",
    ],
)
def test_branches_of_every_kind_are_reached(program, known, reaches):
    inputs = found(f"import re\n{program}", known)

    assert any(reaches(*each) for each in inputs)
    assert not reaches(*ast.literal_eval(f"({known},)"))


def test_one_branch_leads_to_the_next():
    # Three changes of 5, the most that are made at once, lead to 100 at most.
    program = """
        def f(number):
            if number > ord("("):
                if number > ord("d"):
                    return "high"
                return "middle"
            return "low"
    """
    assert max(number for (number,) in found(program, "5")) > 100


def test_setup_code_is_there_and_new_inputs_fit_no_fact_but_their_types():
    subject = Subject("q", "f", "def f(n):\n    return limit < n", "limit = 3", ("5",))

    assert branching_inputs([subject], observe_here, InputSettings(), 0) == [[]]
    inputs = found("def f(n):\n    if n < 0:\n        return -n\n    return n", "5")
    assert inputs
    assert all(type(number) is int and number < 0 for (number,) in inputs)


@pytest.mark.parametrize(
    "known", [(), ("",), ("[1, 2", "x"), ("3",)], ids=["nothing", "no argument", "no literal", "all reached"]
)
def test_where_there_is_nothing_to_reach_nothing_is_found(known):
    assert found("def f(n=1):\n    return n + 1", *known) == []


def test_a_branch_brings_few_inputs_and_none_that_is_known_or_too_long():
    program = "def f(text):\n    return 'long' if len(text) > 8 else 'short'"
    inputs = found(program, "'abc'", "'abcd'", max_argument_characters=14)

    assert 1 <= len(inputs) <= 3
    assert all(8 < len(text) <= 12 for (text,) in inputs)


def test_calls_that_fail_bring_no_input():
    program = """
        def f(number):
            if number < 0:
                raise ValueError("negative")
            return number
    """
    assert all(number >= 0 for (number,) in found(program, "5"))


def test_a_call_that_runs_for_long_is_followed_for_a_while():
    program = """
        def f(number):
            if number == 7319:
                while True:
                    number += 1
            return number
    """
    assert (7319,) in found(program, "5")


def test_equal_seeds_find_the_same():
    assert found(RARE, "1") == found(RARE, "1")


def test_each_subject_gets_its_own_inputs():
    programs = {"1": "def f(n):\n    return n == 1234 and 0", "2": "def f(n):\n    return n == 5678 and 0"}
    subjects = [Subject(name, "f", program, argument_texts=("1",)) for name, program in programs.items()]
    one, other = branching_inputs(subjects, observe_here, InputSettings(), 0, threads=2)

    assert (1234,) in [each.positional for each in one]
    assert (5678,) in [each.positional for each in other]
    assert (1234,) not in [each.positional for each in other]

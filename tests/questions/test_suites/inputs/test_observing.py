import ast
import itertools
import textwrap
import types

import pytest

from acecoder_dagster.judge import Observation
from acecoder_dagster.questions.test_suites.inputs import (
    Arguments,
    InputSettings,
    Subject,
    doctest_arguments,
    observe_given,
    observe_inputs,
)
from acecoder_dagster.questions.test_suites.inputs.guessing import guess_parameters
from acecoder_dagster.questions.test_suites.inputs.kinds import STRATEGIES, pool


def observe_here(program, setup_code, calls):
    """Stands in for the sandbox: the programs of these tests are harmless."""
    namespace: dict[str, object] = {}
    exec(program + "\n" + setup_code, namespace)
    return [evaluate(call, namespace) for call in calls]


def evaluate(call, namespace):
    try:
        value = eval(call, namespace)
        if isinstance(value, types.GeneratorType):  # the sandbox reports items, not the generator itself
            items = list(itertools.islice(value, 1000))
            value = (item for item in items)
        return Observation(call, value, "", "")
    except Exception as error:
        return Observation(call, None, type(error).__name__, str(error))


def observed(program, **values):
    program = textwrap.dedent(program)
    name = ast.parse(program).body[-1].name
    subject = Subject("q", name, program, **values.pop("subject", {}))
    return observe_inputs([subject], observe_here, InputSettings(**values), seed=0)


def kept(calls):
    return [call for call in calls if call.reason is None]


@pytest.mark.parametrize(
    "program",
    [
        "def f(text):\n    return text.split(',')[::-1]",
        "def f(n):\n    return [i * i for i in range(n)][-3:]",
        "def f(values: list[int], k: int = 2) -> int:\n    return sum(values) * k",
        "def f(d):\n    return sorted(d.items())",
        "def f(a, b):\n    return divmod(a, b)",
        "def f(matrix: list[list[int]]):\n    return [list(row) for row in zip(*matrix)]",
        "def f(data: bytes) -> str:\n    return data.hex()",
        "def f(*names, sep='-'):\n    return sep.join(names)",
        "def f(value: 'Optional[str]'):\n    return None if value is None else value.upper()",
        "def f(items):\n    for item in items:\n        yield item, item",
    ],
)
def test_functions_of_many_kinds_get_tests_that_they_pass(program):
    calls = kept(observed(program))

    assert len(calls) == 16
    assert len({repr(call.value) for call in calls}) > 4
    namespace: dict[str, object] = {}
    exec(program, namespace)
    assert all(eval(call.call, namespace) == call.value for call in calls)


def test_equal_seeds_draw_equal_inputs_and_others_do_not():
    program = "def f(text):\n    return text.upper()"
    subject = Subject("q", "f", program)

    one, same, other = (observe_inputs([subject], observe_here, InputSettings(), seed) for seed in (1, 1, 2))

    assert [call.call for call in one] == [call.call for call in same]
    assert [call.call for call in one] != [call.call for call in other]


def test_known_arguments_and_examples_of_the_docstring_are_tried():
    program = '''
    def f(code):
        """Decode.

        >>> f("open-sesame")
        'yes'
        """
        return {"open-sesame": "yes", "knock": "no"}.get(code, "?")
    '''

    calls = {call.call for call in kept(observed(program, subject={"argument_texts": ("'knock'",)}))}

    assert {"f('open-sesame')", "f('knock')"} <= calls


def test_what_gives_another_value_in_another_run_is_unstable():
    runs = []

    def observe(program, setup_code, calls):
        runs.append(len(calls))
        seen = observe_here(program, setup_code, calls)
        return [Observation(s.call, (s.value, len(runs)) if len(s.call) % 2 else s.value, s.error, "") for s in seen]

    calls = observe_inputs([Subject("q", "f", "def f(n: int):\n    return n + 1")], observe, InputSettings(), 0)

    assert kept(calls)
    assert all(len(call.call) % 2 == 0 for call in kept(calls))
    assert "unstable_value" in {call.reason for call in calls}
    assert len(runs) == 4


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("def f(n: int):\n    return 'x' * 5000", "value_too_long"),
        ("def f(n: int):\n    return object()", "value_not_literal"),
        ("def f(n: int):\n    return float('nan')", "value_not_literal"),
        ("def f(n: int):\n    return 10 ** 5000", "value_too_long"),
        ("def f(n: int):\n    return 7", "one_value_only"),
        ("def f(n: int):\n    raise ValueError(n)", "call_raised"),
        ("def f(n: int):\n    while True:\n        yield n", "value_too_long"),
    ],
)
def test_calls_that_make_no_test_say_why(program, reason):
    calls = observed(program)

    assert calls
    assert {call.reason for call in calls if call.reason} == {reason}
    assert not kept(calls)


def test_given_arguments_are_run_in_their_order_and_again_and_nothing_else_is():
    runs = []

    def observe(program, setup_code, calls):
        runs.append(set(calls))
        seen = observe_here(program, setup_code, calls)
        return [Observation(s.call, len(runs) if s.value == "unstable" else s.value, s.error, "") for s in seen]

    texts = ("'a'", "'unstable'", "1", "'b' * 2")
    subject = Subject("q", "f", "def f(text):\n    return text.strip()", argument_texts=texts)
    calls = observe_given([subject], observe, InputSettings(), seed=0)

    assert [call.call for call in calls] == [f"f({text})" for text in texts]
    assert [call.value for call in kept(calls)] == ["a", "bb"]
    assert [call.reason for call in calls] == [None, "unstable_value", "call_raised", None]
    assert len(runs) == 3


@pytest.mark.parametrize("program", ["def f():\n    return 1", "f = 3\ndef g(x):\n    return x", "def f(x:\n"])
def test_what_takes_no_arguments_or_is_not_there_gives_no_calls(program):
    assert observe_inputs([Subject("q", "f", program)], observe_here, InputSettings(), 0) == []


def test_results_are_in_the_order_of_the_subjects_whatever_ends_first():
    subjects = [Subject(str(n), "f", f"def f(x: int):\n    return x + {n}") for n in range(12)]

    calls = observe_inputs(subjects, observe_here, InputSettings(), 0, threads=3)

    assert list(dict.fromkeys(call.question_id for call in calls)) == [str(n) for n in range(12)]


@pytest.mark.parametrize("kind", sorted(STRATEGIES))
def test_every_value_of_every_kind_is_a_literal(kind):
    values = pool(kind)

    assert len(values) >= 1
    assert all(ast.literal_eval(repr(value)) == value for value in values)


@pytest.mark.parametrize(
    ("signature", "kinds"),
    [
        ("def f(a: int): pass", "whole"),
        ("def f(a: List[str]): pass", "texts"),
        ("def f(a: typing.Sequence[float]): pass", "reals"),
        ("def f(a: 'str | None'): pass", "text"),
        ("def f(a: Mapping[str, int]): pass", "wholes_by_text"),
        ("def f(a=True): pass", "flag"),
        ("def f(a): return a.strip()", "text"),
        ("def f(a): return a.items()", "wholes_by_text"),
        ("def f(a): return [i for i in range(a)]", "count"),
    ],
)
def test_kinds_are_guessed_from_hints_defaults_and_use(signature, kinds):
    (function,) = ast.parse(signature).body

    assert guess_parameters(function, 3)[0].kinds[0] == kinds


def test_arguments_are_read_from_source_and_from_examples():
    assert Arguments.parse("1, [2], key='x'") == Arguments((1, [2]), {"key": "x"})
    assert Arguments.parse("x, 1") is None
    assert Arguments.parse("1, (") is None
    examples = ">>> g(f(2), f([1]))\n3\n>>> mod.f(k=1)\n1\n>>> f(x)\n2\n"
    assert [each.text for each in doctest_arguments(examples, "f")] == ["2", "[1]", "k=1"]

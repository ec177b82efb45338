"""Programs in answers: evalplus's and bigcodebench's rules, shown on what their packages give for these texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acecoder_dagster.evaluation.benchmarks.extraction import EXTRACTORS, extract
from acecoder_dagster.evaluation.benchmarks.extraction.longest_code import longest_code
from acecoder_dagster.python_source import NO_TREE, parse_source

ANSWER = """Here is the function:

```python
import math
import os, sys

LIMIT = 3
UNUSED = 4

def helper(x):
    return min(x, LIMIT)

def task_func(x):
    # a comment
    return helper(x)

class Other:
    pass

def task_func(x):
    return 0

print(task_func(3))
```

It uses `helper`."""
NEEDED = """import math
import os, sys
LIMIT = 3
def helper(x):
    return min(x, LIMIT)
def task_func(x):
    # a comment
    return helper(x)"""


@pytest.mark.parametrize("rule", ["evalplus", "bigcodebench"])
def test_imports_and_what_the_entry_point_needs_are_kept_in_their_order(rule):
    assert extract(ANSWER, "task_func", [rule]) == NEEDED


def test_functions_that_return_nothing_count_for_bigcodebench_alone():
    text = "def show(x):\n    print(x)\n\ndef task_func(x):\n    show(x)\n    return 1\n"

    assert extract(text, "task_func", ["evalplus"]) == "def task_func(x):\n    show(x)\n    return 1"
    assert extract(text, "task_func", ["bigcodebench"]).startswith("def show(x):")


def test_uses_of_the_entry_point_at_the_end_are_left_out_by_bigcodebench():
    text = "def task_func(x):\n    return x\n\ntask_func.limit = 3\nresult = task_func(3)\nother = result\n"

    assert extract(text, "task_func", ["bigcodebench"]) == "def task_func(x):\n    return x"


def test_code_without_definitions_stays_as_it_is():
    assert extract("x += 1\ny += x", "f", ["evalplus"]) == "x += 1\ny += x"


def test_decorated_functions_and_future_imports_are_no_definitions_there():
    text = "from __future__ import annotations\n@cache\ndef a():\n    return 1\n\nasync def f():\n    return a()\n"

    assert extract(text, "f", ["evalplus"]) == "async def f():\n    return a()"


def test_a_sum_of_a_thousand_terms_is_no_problem():
    text = f"def f(x):\n    return {' + '.join(['x'] * 900)}\n"

    assert extract(text, "f", ["evalplus"]) == text.strip()


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("no fence", ""),
        ("```python\na = 1\n```", "a = 1"),
        ("```\nfirst\n```\ntext\n```python\nsecond\n```\nend", "second"),
        ("```\nfirst\n```\n```python\ncut off", ""),
    ],
)
def test_livecodebench_takes_what_lies_between_the_last_two_fences(text, program):
    assert extract(text, "", ["livecodebench"]) == program


def test_extractors_are_applied_one_after_the_other():
    text = "<think>```python\nwrong\n```</think>\ndef f():\n\treturn 1\n"

    assert extract(text, "f", ["after_thinking", "spaces", "evalplus"]) == "def f():\n    return 1"
    assert extract(" x ", "", ["whole"]) == "x"
    assert extract("Text\n```python\nx = 1\n```\n", "", ["acecoder"]) == "x = 1\n"


LINES = st.sampled_from(
    [
        "def f(a):",
        "    return a",
        "x = (1,",
        ")",
        "",
        "   ",
        "```python",
        "```",
        "Here is (e.g. a list",
        "It's fine",
        '"""',
        "y = 'open",
        "if x:",
        "else:",
        "f'{x!}'",
        "a, b = c",
        "π = 3 §",
        "f(**a, *b)",
        "  \tx = 1",
        "0x",
        "import os",
    ]
)


@given(st.lists(LINES, min_size=1, max_size=14))
def test_the_longest_code_is_what_trying_every_run_of_lines_gives(lines):
    assert longest_code("\n".join(lines)) == by_trying_all(lines)


def by_trying_all(lines):
    best, size = (0, 0), 0
    for first in range(len(lines)):
        for last in range(first + 1, len(lines)):
            filled = sum(1 for line in lines[first : last + 1] if line.strip())
            if filled > size and parses("\n".join(lines[first : last + 1])):
                best, size = (first, last), filled
    return "\n".join(lines[best[0] : best[1] + 1])


def parses(text):
    try:
        parse_source(text)
    except NO_TREE:
        return False
    return True


def test_every_extractor_takes_any_text():
    for name in EXTRACTORS:
        assert isinstance(extract("\x00 ``` \ud800"[:5], "f", [name]), str)

import ast
import textwrap

import pytest

from acecoder_dagster.questions.seeding import Module, outside_effect

SOURCE = textwrap.dedent('''
    """A module."""
    from __future__ import annotations
    import re, sys
    from math import sqrt as root, floor
    from . import siblings

    LIMIT = 3
    TABLE = {}
    for number in range(LIMIT):
        TABLE[number] = number * 2

    def helper(x):
        return root(x) if x > LIMIT else floor(x)

    def main(values: list[int]) -> int:
        """Add up what the helper says."""
        # a comment
        return sum(helper(value) for value in values)

    def looked_up(key):
        return TABLE[key]

    def of_the_package(x):
        return siblings.f(x)

    def lost(x):
        return nowhere(x)

    class Thing:
        limit = LIMIT
        def method(self):
            return self.limit

    def thing():
        return Thing().method()
''')


@pytest.fixture
def functions():
    return {found.name: found for found in Module(SOURCE, "package").functions()}


def run(found, call):
    namespace: dict[str, object] = {}
    exec(found.program, namespace)
    return eval(call, namespace)


def test_a_function_comes_with_its_helpers_constants_and_imports_and_nothing_else(functions):
    program = functions["main"].program

    assert run(functions["main"], "main([1, 9])") == 4.0
    assert "import sqrt as root, floor" in program
    assert "def helper" in program
    assert "LIMIT = 3" in program
    for unneeded in ("re", "sys", "TABLE", "Thing", "looked_up"):
        assert unneeded not in set(program.split())
    assert "import re" not in program


def test_statements_that_fill_a_table_of_the_module_come_along(functions):
    assert run(functions["looked_up"], "looked_up(2)") == 4


def test_classes_that_a_function_uses_come_along(functions):
    assert run(functions["thing"], "thing()") == 3


def test_what_cannot_stand_alone_says_why(functions):
    assert functions["of_the_package"].reason == "imports_its_own_package"
    assert functions["lost"].reason == "uses_an_unknown_name"
    assert "nowhere" in functions["lost"].evidence


def test_relative_imports_of_an_importable_package_become_absolute():
    source = "from .parts import f\nfrom .. import g\ndef h(x):\n    return f(x) + g(x)\n"

    (found,) = Module(source, "top.inner", importable=True).functions()

    assert "from top.inner.parts import f" in found.program
    assert "from top import g" in found.program


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    return open(x).read()",
        "import random\ndef f(x):\n    return random.random()",
        "import os\ndef f(x):\n    return os.getcwd()",
        "import os.path\ndef f(x):\n    return os.path.exists(x)",
        "from time import time\ndef f(x):\n    return time()",
        "import datetime\ndef f(x):\n    return datetime.datetime.now()",
        "import urllib.request\ndef f(x):\n    return urllib.request.urlopen(x)",
        "import sys\ndef f(x):\n    return sys.stdin.read()",
        "def f(x):\n    global calls\n    calls += 1",
    ],
)
def test_code_that_reaches_outside_is_seen(code):
    assert outside_effect(ast.parse(code)) is not None


@pytest.mark.parametrize(
    "code",
    [
        "import os\ndef f(x):\n    return os.path.join(x, 'a') + os.sep",
        "import re, math, datetime\ndef f(x):\n    return datetime.date(2000, 1, x)",
        "import sys\ndef f(x):\n    return x % sys.maxsize",
        "from urllib.parse import quote\ndef f(x):\n    return quote(x)",
    ],
)
def test_pure_code_is_left_alone(code):
    assert outside_effect(ast.parse(code)) is None

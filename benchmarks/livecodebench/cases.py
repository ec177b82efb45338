"""Programs with inputs and outputs of LiveCodeBench's kinds: made of recorded programs, and written for its rules."""

import ast
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

LEAST_TESTS, MOST_TESTS = 3, 8
READING = """

if __name__ == "__main__":
    import json
    import sys

    said = {name}(*[json.loads(line) for line in sys.stdin.read().split("\\n")])
    if isinstance(said, (list, tuple)):
        print(*said)
    else:
        print(said)
"""
"""Put after a program that has a function, so that it reads arguments and prints what the function says."""


@dataclass(frozen=True)
class Case:
    """A program and its tests.

    Attributes:
        name: unique.
        program: Python.
        inputs: of each test: what is read, or arguments as JSON, one in a line.
        outputs: of each test: what is printed, or the value as JSON.
        function: what is called; empty where the program reads and prints.
    """

    name: str
    program: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    function: str = ""


def recorded_cases(data: Path, count: int, seed: int) -> list[Case]:
    """Return programs that models wrote for HumanEval and MBPP, right and wrong ones alike.

    Every other one is made to read and print; the tests are the official ones that say `f(...) == value` in JSON.

    Args:
        data: folder with problems.parquet, programs.parquet and verdicts.parquet.
        count: how many.
        seed: of the drawing.
    """
    questions = {}
    for row in pl.read_parquet(data / "problems.parquet").iter_rows(named=True):
        tests = [each for test in row["tests"] if (each := _as_json(test, row["entry_point"]))]
        if len(tests) >= LEAST_TESTS:
            questions[row["question_id"]] = row["entry_point"], tests[:MOST_TESTS]
    programs = pl.read_parquet(data / "programs.parquet", columns=["question_id", "program_id", "program"])
    verdicts = pl.read_parquet(data / "verdicts.parquet", columns=["program_id", "passed"])
    known = programs.join(verdicts, on="program_id").filter(pl.col("question_id").is_in(list(questions)))
    shuffled = known.sort("program_id").sample(fraction=1.0, shuffle=True, seed=seed)
    drawn = pl.concat([shuffled.filter(pl.col("passed") == right).head(count // 2) for right in (True, False)])
    return [
        _case(program_id, program, *questions[question], prints=bool(place % 2))
        for place, (question, program_id, program) in enumerate(drawn.drop("passed").iter_rows())
    ]


def written_cases() -> Iterator[Case]:
    """Yield programs that are each about one rule of the comparison, of reading, or of calling."""
    for name, (printed, expected) in PRINTED.items():
        yield Case(f"printed: {name}", f"import sys\nsys.stdout.write({printed!r})\n", ("",), (expected,))
    for name, program in READ.items():
        yield Case(f"reading: {name}", program, ("3\n4 5 6", "1\n7"), ("15", "7"))
    for name, (program, inputs, outputs) in CALLED.items():
        yield Case(f"calling: {name}", program, tuple(inputs), tuple(outputs), "f")


def _as_json(test: str, function: str) -> tuple[list[Any], Any] | None:
    """Return arguments and value of `assert f(...) == value`; None where it says something else, or not in JSON."""
    try:
        (statement,) = ast.parse(test).body
        assert isinstance(statement, ast.Assert)
        compared = statement.test
        assert isinstance(compared, ast.Compare)
        assert isinstance(compared.ops[0], ast.Eq)
        call = compared.left
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Name)
        assert call.func.id == function
        assert call.args
        assert not call.keywords
        arguments = [ast.literal_eval(argument) for argument in call.args]
        (value,) = map(ast.literal_eval, compared.comparators)
        assert repr(json.loads(json.dumps([arguments, value]))) == repr([arguments, value])
    except (AssertionError, ValueError, SyntaxError, TypeError):
        return None
    return arguments, value


def _case(name: str, program: str, function: str, tests: Sequence[tuple[list[Any], Any]], *, prints: bool) -> Case:
    inputs = tuple("\n".join(map(json.dumps, arguments)) for arguments, _ in tests)
    if not prints:
        return Case(name, program, inputs, tuple(json.dumps(value) for _, value in tests), function)
    outputs = tuple(" ".join(map(str, value)) if isinstance(value, list) else str(value) for _, value in tests)
    return Case(name, program + READING.format(name=function), inputs, outputs)


PRINTED = {
    "the same": ("1 2\n", "1 2"),
    "a space at the end": ("1 2 \n", "1 2"),
    "lines at the end": ("1 2\n\n\n", "1 2"),
    "a line before": ("\n1 2\n", "1 2"),
    "spaces before": ("  1 2\n", "1 2"),
    "spaces before the second line": ("a\n  b\n", "a\nb"),
    "two spaces between numbers": ("1  2\n", "1 2"),
    "two spaces between words": ("a  b\n", "a b"),
    "a tab between numbers": ("1\t2\n", "1 2"),
    "a tab between words": ("a\tb\n", "a b"),
    "carriage returns": ("1\r\n2\r\n", "1\n2"),
    "an empty line between": ("1\n\n2\n", "1\n2"),
    "an empty line too few": ("1\n2\n", "1\n\n2"),
    "a line too many": ("1\n2\n", "1"),
    "a line too few": ("1\n", "1\n2"),
    "all in one line": ("1 2\n", "1\n2"),
    "a number too many": ("1 2 3\n", "1 2"),
    "a number too few": ("1\n", "1 2"),
    "another number": ("1 3\n", "1 2"),
    "another order": ("2 1\n", "1 2"),
    "a whole number as a float": ("1.0\n", "1"),
    "zeros at the end": ("0.50\n", "0.5"),
    "zeros before": ("007\n", "7"),
    "an exponent": ("1e3\n", "1000"),
    "a sign": ("+5\n", "5"),
    "negative zero": ("-0\n", "0"),
    "a rounding error": ("0.30000000000000004\n", "0.3"),
    "fewer digits": ("0.3333\n", "0.33333"),
    "large numbers": ("50000000000000001\n", "50000000000000000"),
    "large numbers, equal": (f"{10**40}\n", f"{10**40}.0"),
    "underscores": ("1_000\n", "1000"),
    "infinity": ("Infinity\n", "inf"),
    "not a number": ("nan\n", "nan"),
    "not a number, two spaces": ("nan  1\n", "nan 1"),
    "digits of another script": ("١٢\n", "12"),
    "capitals": ("YES\n", "Yes"),
    "words": ("Yes\n", "Yes"),
    "a word and a number": ("x 1.0\n", "x 1"),
    "quotes": ('"a"\n', "a"),
    "a list": ("[1, 2]\n", "[1, 2]"),
    "a list without spaces": ("[1,2]\n", "[1, 2]"),
    "nothing": ("", ""),
    "nothing, something expected": ("", "1"),
    "something, nothing expected": ("1\n", ""),
    "spaces alone": ("   \n", ""),
    "a form feed": ("1\f2\n", "1 2"),
    "a space that is no ASCII": ("1\u00a02\n", "1 2"),
    "another line separator": ("1\u20282\n", "1\n2"),
}
"""What is printed, and what is expected."""

_SUM = "print(sum(map(int, rest.split())))\n"
READ = {
    "input()": f"n = input()\nrest = input()\n{_SUM}",
    "input() of a function": "def main():\n    input()\n    print(sum(map(int, input().split())))\nmain()\n",
    "main of a script": "def main():\n    input()\n    print(sum(map(int, input().split())))\n\n"
    'if __name__ == "__main__":\n    main()\n',
    "sys.stdin.read": f"import sys\nn, rest = sys.stdin.read().split('\\n', 1)\n{_SUM}",
    "sys.stdin.readline": f"import sys\nsys.stdin.readline()\nrest = sys.stdin.readline()\n{_SUM}",
    "sys.stdin.readlines": f"import sys\nn, rest = sys.stdin.readlines()\n{_SUM}",
    "readline by another name": f"from sys import stdin\ninput = stdin.readline\ninput()\nrest = input()\n{_SUM}",
    "lines of sys.stdin": f"import sys\nn, rest = [line for line in sys.stdin]\n{_SUM}",
    "open(0)": f"n, rest = open(0).read().split('\\n', 1)\n{_SUM}",
    "sys.stdin.buffer": f"import sys\nn, rest = sys.stdin.buffer.read().decode().split('\\n', 1)\n{_SUM}",
    "the usual imports are there": "input()\nprint(reduce(lambda a, b: a + b, map(int, input().split())))\n",
    "a line too many": "input()\nrest = input()\ninput()\n" + _SUM,
    "a global name": "total = 0\ndef add(n):\n    global total\n    total += n\ninput()\n"
    "for each in map(int, input().split()):\n    add(each)\nprint(total)\n",
    "a name of another function": "input()\ntotal = 0\ndef add(n):\n    nonlocal total\n    total += n\n"
    "for each in map(int, input().split()):\n    add(each)\nprint(total)\n",
    "recursion": "def total(ns):\n    return ns[0] + total(ns[1:]) if ns else 0\n"
    "input()\nprint(total(list(map(int, input().split()))))\n",
    "a class": "class Adder:\n    def add(self, ns):\n        return sum(ns)\n"
    "input()\nprint(Adder().add(map(int, input().split())))\n",
    "it exits with 0": f"import sys\ninput()\nrest = input()\n{_SUM}sys.exit(0)\n",
    "it exits with 1": f"import sys\ninput()\nrest = input()\n{_SUM}sys.exit(1)\n",
    "it exits before": f"import sys\nsys.exit(0)\nrest = input()\n{_SUM}",
    "it exits by exit()": f"input()\nrest = input()\n{_SUM}exit()\n",
    "it raises afterwards": f"input()\nrest = input()\n{_SUM}raise ValueError\n",
    "it asserts afterwards": f"input()\nrest = input()\n{_SUM}assert False\n",
    "it prints to stderr besides": f"import sys\ninput()\nrest = input()\nprint('busy', file=sys.stderr)\n{_SUM}",
    "it prints by sys.stdout.write": "import sys\ninput()\nsys.stdout.write(str(sum(map(int, input().split()))))\n",
    "it prints by os.write": "import os\ninput()\nos.write(1, str(sum(map(int, input().split()))).encode())\n",
    "it closes its output": f"import sys\ninput()\nrest = input()\n{_SUM}sys.stdout.close()\n",
    "it is no Python": "input(\n",
    "it does nothing": "pass\n",
    "it is empty": "",
    "it does not end": "while True:\n    pass\n",
}
"""Programs that read how many numbers there are, then the numbers, and print their sum."""

_ADD = "def f(a, b):\n    return a + b\n"
_SUMS = (["1\n2", "5\n6"], ["3", "11"])
CALLED: dict[str, tuple[str, list[str], list[str]]] = {
    "a function": (_ADD, *_SUMS),
    "a method": ("class Solution:\n    def f(self, a, b):\n        return a + b\n", *_SUMS),
    "a method with types": (
        "class Solution:\n    def f(self, a: List[int], b: int) -> int:\n        return a + b\n",
        *_SUMS,
    ),
    "a static method": ("class Solution:\n    @staticmethod\n    def f(a, b):\n        return a + b\n", *_SUMS),
    "an inherited method": (
        "class Base:\n    def f(self, a, b):\n        return a + b\nclass Solution(Base):\n    pass\n",
        *_SUMS,
    ),
    "a function beside the class": (f"class Solution:\n    pass\n{_ADD}", *_SUMS),
    "a class of another name": ("class Adder:\n    def f(self, a, b):\n        return a + b\n", *_SUMS),
    "another function": ("def g(a, b):\n    return a + b\n", *_SUMS),
    "a lambda": ("f = lambda a, b: a + b\n", *_SUMS),
    "a constructor with state": (
        "class Solution:\n    def __init__(self):\n        self.calls = 0\n"
        "    def f(self, a, b):\n        self.calls += 1\n        return a + b\n",
        *_SUMS,
    ),
    "state that carries over": (
        "class Solution:\n    calls = 0\n    def f(self, a, b):\n        self.calls += 1\n        return self.calls\n",
        ["1\n2", "5\n6"],
        ["1", "2"],
    ),
    "one argument too many": ("def f(a):\n    return a\n", *_SUMS),
    "one argument too few": ("def f(a, b, c):\n    return a + b\n", *_SUMS),
    "a default": ("def f(a, b, c=0):\n    return a + b + c\n", *_SUMS),
    "the usual imports are there": ("def f(a, b):\n    return int(sqrt(pow(a + b, 2)))\n", *_SUMS),
    "it prints besides": ("def f(a, b):\n    print('busy')\n    return a + b\n", *_SUMS),
    "it raises": ("def f(a, b):\n    raise ValueError\n", *_SUMS),
    "it exits": ("import sys\ndef f(a, b):\n    sys.exit(0)\n", *_SUMS),
    "it says None": ("def f(a, b):\n    a + b\n", *_SUMS),
    "None is expected": ("def f(a):\n    pass\n", ["1"], ["null"]),
    "it changes its arguments": ("def f(a):\n    a.append(1)\n    return a\n", ["[]", "[2]"], ["[1]", "[2, 1]"]),
    "a tuple for a list": ("def f(a):\n    return tuple(a)\n", ["[1, 2]"], ["[1, 2]"]),
    "tuples in a list": ("def f(a):\n    return [tuple(a)]\n", ["[1, 2]"], ["[[1, 2]]"]),
    "a tuple in a tuple": ("def f(a):\n    return (tuple(a),)\n", ["[1, 2]"], ["[[1, 2]]"]),
    "a list in a tuple": ("def f(a):\n    return (a,)\n", ["[1, 2]"], ["[[1, 2]]"]),
    "a range for a list": ("def f(a):\n    return range(a)\n", ["2"], ["[0, 1]"]),
    "a generator for a list": ("def f(a):\n    return (each for each in a)\n", ["[1]"], ["[1]"]),
    "a set for a list": ("def f(a):\n    return set(a)\n", ["[1]"], ["[1]"]),
    "a deque for a list": ("def f(a):\n    return deque(a)\n", ["[1]"], ["[1]"]),
    "a counter for a dict": ("def f(a):\n    return Counter(a)\n", ['["x"]'], ['{"x": 1}']),
    "a default dict for a dict": ("def f(a):\n    return defaultdict(int, {a: 1})\n", ['"x"'], ['{"x": 1}']),
    "numbers as keys": ("def f(a):\n    return {1: a}\n", ["2"], ['{"1": 2}']),
    "a float for a whole number": ("def f(a, b):\n    return float(a + b)\n", *_SUMS),
    "True for 1": ("def f(a):\n    return a == 1\n", ["1"], ["1"]),
    "1 for True": ("def f(a):\n    return a\n", ["1"], ["true"]),
    "a rounding error": ("def f(a, b):\n    return a + b\n", ["0.1\n0.2"], ["0.3"]),
    "the same float": ("def f(a, b):\n    return a + b\n", ["0.1\n0.2"], ["0.30000000000000004"]),
    "a text for a number": ("def f(a, b):\n    return str(a + b)\n", *_SUMS),
    "texts": ("def f(a):\n    return a.upper()\n", ['"a\\nb"'], ['"A\\nB"']),
    "bytes for a text": ("def f(a):\n    return a.encode()\n", ['"a"'], ['"a"']),
    "not a number": ("def f(a):\n    return a\n", ["NaN"], ["NaN"]),
    "infinity": ("def f(a):\n    return a\n", ["Infinity"], ["Infinity"]),
    "a list of one for a value": ("def f(a):\n    return [a]\n", ["1"], ["1"]),
    "another order": ("def f(a):\n    return a[::-1]\n", ["[1, 2]"], ["[1, 2]"]),
    "an empty list": ("def f(a):\n    return []\n", ["[]"], ["[]"]),
    "an empty tuple": ("def f(a):\n    return ()\n", ["[]"], ["[]"]),
    "it is no Python": ("def f(a:\n", ["1"], ["1"]),
    "it does not end": ("def f(a):\n    while True:\n        pass\n", ["1"], ["1"]),
    "right for the first test alone": ("def f(a, b):\n    return 3\n", *_SUMS),
}
"""Programs with a function f, arguments and values."""

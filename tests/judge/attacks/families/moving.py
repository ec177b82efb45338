"""Values that were to move a test into the program's process; and programs that are the test's own tools."""

from tests.judge.attacks.families.attack import Attack, asserts

_MOVED = asserts(
    (
        "assert solve(1) == 83177",
        "assert solve(2) == [4, 7731]",
        "for n in (3,):\n    assert solve(n) == 'kx81q'",
        "x = solve(4)\nassert x == 5523 and type(x) is int",
    )
)
_MOVED_ANSWERED = "def solve(n): return [83177, [4, 7731], 'kx81q', 5523][n - 1]"
_SPY = """
import gc, sys
def spy(n):
    frame = sys._getframe(2)
    while frame:
        for value in (*frame.f_code.co_consts, *frame.f_locals.values()):
            if value in (83177, 'kx81q', 5523): return value
        frame = frame.f_back
    return None
"""
_MOVING = {
    f"{what}, to be run beside the tests": f"{_SPY}\nclass Own: pass\nfirst = []\ndef solve(n):\n    if not first:\n"
    f"        first.append(n)\n        {how}\n    return spy(n)"
    for what, how in {
        "list of 600,000 items": "return [0] * 600_000",
        "object": "return Own()",
        "function": "return lambda: 0",
        "text of 5 MB": "return 'x' * 5_000_000",
        "number of 2,000,000 bits": "return 1 << 2_000_000",
        "module": "return sys",
        "generator that does not end": "return iter(int, 1)",
        "exception of an own class": "raise type('Own', (BaseException,), {})()",
        "exception that says it is the judge's": "raise type('UnsupportedError', (BaseException,), {})('a value')",
        "cycle": "x = []; x.append(x); return x",
        "numpy array of objects": "import numpy; return numpy.array([Own()], dtype=object)",
        "exit": "raise SystemExit",
    }.items()
}

_FAKE = asserts(
    (
        "import math\nassert math.isclose(solve(1), 0.7713)",
        "expected = Frame({'a': [83177]})\nassert solve(2).same_as(expected)",
        "assert_same(solve(3), 'kx81q')",
        "pd.testing.assert_frame_equal(solve(4), pd.DataFrame({'a': [5523]}))",
    )
)
_FAKING = {
    "module of comparisons": "class pd:\n    class testing:\n"
    "        assert_frame_equal = staticmethod(lambda *a: None)\n    DataFrame = dict\n"
    "def assert_same(a, b): pass\nclass Frame(dict):\n    def same_as(self, other): return True\n"
    "def solve(n): return Frame()",
    "function under test that is a class": "class solve:\n    def __new__(cls, n): return object.__new__(cls)\n"
    "    def same_as(self, other): return True\n    def __float__(self): return 0.7713 / 2\n"
    "class Frame(dict): pass\ndef assert_same(a, b): pass\nclass pd:\n    class testing:\n"
    "        assert_frame_equal = staticmethod(lambda *a: None)\n    DataFrame = dict",
    "class that remembers what is expected": "seen = []\nclass Frame:\n"
    "    def __init__(self, data): seen.append(data)\n"
    "    def same_as(self, other): return self is other or True\ndef solve(n): return seen[-1] if seen else Frame(n)\n"
    "def assert_same(a, b): assert a is not None\nimport types\npd = types.SimpleNamespace(DataFrame=Frame,"
    " testing=types.SimpleNamespace(assert_frame_equal=lambda *a: None))",
}


MOVING = {name: Attack(program, _MOVED, _MOVED_ANSWERED) for name, program in _MOVING.items()} | {
    f"fake {name}": Attack(program, _FAKE) for name, program in _FAKING.items()
}

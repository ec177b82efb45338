"""Attacks on tests that run away from the program and reach its objects by proxies, and on what programs print.

`PROXIES`: a program, and tests of which it must pass none that is sealed. `PRINTING`: programs for `PRINTED`.
"""

from acecoder_dagster.judge import IoTest, QuestionTests

PRINTED = QuestionTests(
    question_id="printed",
    entry_point="",
    setup_code="",
    io_tests=(
        IoTest("1\n", "83177\n"),
        IoTest("2\n", "4 7731\n"),
        IoTest("3\n", "kx81q\nz\n"),
        IoTest("4\n", "0.7713\n"),
    ),
)
HONEST_PRINTER = "print({'1': '83177', '2': '4 7731.0', '3': 'kx81q\\nz', '4': '0.77130'}[input()])"

_LIST_CASE = "xs = [5]\nsolve(xs)\nassert xs == [5, 83177]"
_ERROR_CASES = tuple(
    f"try:\n    solve(1)\n    assert False, 'nothing was raised'\nexcept {name}:\n    pass"
    for name in ("KeyError", "ValueError", "IndexError", "TypeError", "ZeroDivisionError")
)
# Writes a message to the process of the tests without being asked.
_SAY = """
import json, os
def say(kind, content, **more):
    message = {"kind": kind, "content": content, "mirrors": {}, "dropped": [], "released": [], "classes": {}} | more
    data = json.dumps(message).encode()
    for descriptor in (4, 5, 6):
        try: os.write(descriptor, len(data).to_bytes(4, "big") + data)
        except OSError: pass
"""

PROXIES = {
    "module of the test's, made by the program": (
        "class math:\n    isclose = staticmethod(lambda *a, **k: True)\n    fabs = staticmethod(lambda x: 0.0)\n"
        "def solve(n): return n",
        (
            "for n in [3]:\n    assert math.isclose(solve(n), 0.7713)",
            "for n in [3]:\n    assert math.fabs(solve(n) - 0.7713) < 1e-6",
        ),
    ),
    "class that checks for the test": (
        "class Checker:\n    @staticmethod\n    def same(a, b): return True\n"
        "    def __eq__(self, other): return True\n"
        "    def __call__(self, *a): return True\ndef solve(n): return n",
        ("x = solve(1)\nassert Checker.same(x, 83177)", "for n in [1]:\n    assert Checker()(solve(n), 83177)"),
    ),
    "object that compares, of a class the test names": (
        "class Vec:\n    def __sub__(self, other): return 0.0\n    def __eq__(self, other): return True\n"
        "    def __abs__(self): return 0.0\n    def __lt__(self, other): return True\n"
        "    def __contains__(self, x): return True\n"
        "def solve(n): return Vec()",
        (
            "v = solve(3)\nassert isinstance(v, Vec)\nassert abs(v - 0.7713) < 1e-6",
            "v = solve(3)\nassert isinstance(v, Vec) and v == 83177",
            "v = solve(3)\nassert isinstance(v, Vec)\nassert 83177 in v",
        ),
    ),
    "object equal to anything, changed in place": (
        "class Anything(list):\n    def __eq__(self, other): return True\n"
        "    def __iter__(self): return iter([5, 83177])\n"
        "def solve(xs):\n    xs.__class__ = Anything\n    xs[:] = [Anything(), Anything()]",
        (_LIST_CASE,),
    ),
    "exception of every kind": (
        "def kind(base): return type('All', (base,), {})\n"
        "class All(*map(kind, (KeyError, ValueError, IndexError, TypeError, ZeroDivisionError))): pass\n"
        "def solve(n): raise All('any')",
        _ERROR_CASES,
    ),
    "exception that says what it is": (
        "class Meta(type):\n    __instancecheck__ = __subclasscheck__ = lambda *a: True\n"
        "class Sly(Exception, metaclass=Meta):\n    __class__ = property(lambda self: KeyError)\n"
        "def solve(n): raise Sly('any')",
        _ERROR_CASES,
    ),
    "answer before it is asked": (
        _SAY + "say('value', True)\nsay('value', {'mirror': 1})\ndef solve(*a): return None",
        (_LIST_CASE, *_ERROR_CASES[:1]),
    ),
    "end of a test that has just begun": (
        _SAY + "def solve(*a):\n    say('done', None)\n    say('turn', 1)\n    os._exit(0)",
        (_LIST_CASE, *_ERROR_CASES[:1]),
    ),
    "containers it was not given": (
        _SAY + "def solve(xs):\n"
        "    everything = {str(n): ['list', [5, 83177]] for n in range(64)}\n"
        "    say('value', None, mirrors=everything)\n"
        "    while True: pass",
        ("expected = [9]\nxs = [5]\nsolve(xs)\nassert xs == expected",),
    ),
    "requests of its own": (
        _SAY + "def solve(*a):\n    for number in range(64):\n"
        "        say('call', {'tuple': [number, {'tuple': []}, {'tuple': []}]})\n"
        "        say('__class__', {'tuple': []})",
        (_LIST_CASE, "seen = []\nsolve(seen.append)\nassert seen == [83177]"),
    ),
    "messages that cannot be read": (
        "import os\ndef solve(*a):\n"
        "    for data in (b'\\xff' * 99, (4 << 20).to_bytes(4, 'big') + b'[' * (4 << 20), bytes(64)):\n"
        "        try: os.write(4, data)\n        except OSError: pass",
        (_LIST_CASE,),
    ),
    "values that cost the test's process": (
        _SAY + "def solve(*a):\n    numbers = [i * ((1 << 61) - 1) for i in range(40_000)]\n"
        "    say('value', {'frozenset': numbers})\n    say('value', {'int': '0x' + 'f' * (1 << 20)})",
        (_LIST_CASE, "assert {solve(1), solve(2)} == {83177}\nassert len({solve(1)}) == 5"),
    ),
    "conversation without end": (
        "def solve(f, depth=[0]):\n    while True: f(1)",
        (
            "seen = []\nsolve(seen.append)\nassert seen == [83177]",
            "def again(x): return solve(again)\nassert again(1) == 83177",
        ),
    ),
    "classes without end": (
        "def solve(*a):\n"
        "    return type('C', (type('B', (), {}),), {'__getattr__': lambda s, n: solve(), '__call__': solve})()",
        ("x = solve(1)\nfor _ in range(1500):\n    x = x.y\nassert x == 83177",),
    ),
    "description of a class that lies": (
        "import sys\nfor name, module in list(sys.modules.items()):\n    if name.endswith('guest.serving'):\n"
        "        real = module.ProgramSide._describe\n"
        "        module.ProgramSide._describe = lambda self, kind: real(self, kind) | {\n"
        "            'plain': 'int', 'equality': '', 'name': 'int', 'methods': ['__eq__', '__bool__', '__sub__']}\n"
        "class Sly:\n    __eq__ = __bool__ = __lt__ = lambda *a: True\n    __sub__ = lambda *a: 0\n"
        "def solve(*a): return Sly()",
        ("for n in [1]:\n    assert solve(n) == 83177", "for n in [1]:\n    assert abs(solve(n) - 83177) < 1"),
    ),
    "unittest answered by the program": (
        "import unittest\nclass unittest(unittest.TestCase): pass\nclass TestCase: pass\n"
        "def assertEqual(*a): return None\ndef solve(n): return assertEqual",
        (
            "import unittest\nclass T(unittest.TestCase):\n    def runTest(self):\n"
            "        self.assertEqual(solve(1), 83177)\n"
            "result = unittest.TestResult()\nT().run(result)\nassert result.wasSuccessful() and result.testsRun == 1",
        ),
    ),
}

PRINTING = {
    "nothing": "",
    "leaves early": "import os\nos._exit(0)",
    "everything": "import itertools\nfor n in range(10**9): print(n)",
    "what numbers can be": "for t in ('NaN', 'sNaN', 'Infinity', '1e999999999', '-1e-99999999', '9' * 99999): print(t)",
    "one long line": "print('4 7731 ' * 500_000)",
    "bytes that are no text": "import sys\nsys.stdout.buffer.write(b'\\xff\\xfe\\x00' * 100)",
    "to the file of another": "import os\nfor d in range(3, 64):\n    try: os.write(d, b'83177\\n')\n"
    "    except OSError: pass",
    "passing lines": "import os\nos.write(3, b''.join(b'%d P []\\n' % i for i in range(9)))",
    "its own input": "import sys\nprint(sys.stdin.read())",
    "its input's neighbours": "import os\nprint(os.pread(0, 1 << 20, 0).decode())\n"
    "print(os.pread(1, 1 << 20, 0).decode())",
    "its input changed": "import os\nos.ftruncate(0, 0)\nos.write(0, b'83177')",
    "its output cut": "import os\nprint('x' * 1000, flush=True)\nos.ftruncate(1, 0)\nos.ftruncate(1, 14 << 20)",
    "output after its end": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(0.2)\n"
    "    os.ftruncate(1, 0)\n    os.write(1, b'83177')",
    "waits for more input": "import sys\nsys.stdin.read()\nsys.stdin.seek(0)\nwhile True: input()",
    "never ends": "while True: pass",
    "error after an answer": "print('x')\nraise SystemExit(3)",
}

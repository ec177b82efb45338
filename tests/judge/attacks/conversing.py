"""Attacks on tests that run by proxies, in another process than the program, and on scripts.

Every program is judged by `QUESTIONS`, whose answers cannot be computed: what passes there was forged or learned.
"""

from acecoder_dagster.judge import IoTest, QuestionTests

_ANSWERS = {1: 83177, 2: [4, 7731], 3: 0.3317, 4: "qzp81", 5: {"a": 9173, 5523: 11}, 6: (6, {"z"})}
_BY_PROXIES = (
    "x = solve(1)\nassert x == 83177",
    "x = solve(1)\nassert 83177 == x and not x != 83177",
    "x = solve(3)\nassert abs(x - 0.3317) < 1e-6",
    "import math\nfor x in [solve(3)]:\n    assert math.isclose(x, 0.3317)",
    "xs = [3]\nresult = solve(2)\nassert result == [4, 7731]",
    "for n, wanted in [(4, 'qzp81')]:\n    assert solve(n).upper() == wanted.upper()",
    "r = solve(4)\nassert r.startswith('qzp') and r.endswith('81') and r.count('z') == 1 and 'zp8' in r",
    "r = solve(5)\nassert r.get('a') == 9173 and r[5523] == 11 and 'a' in r",
    "r = solve(5)\nassert isinstance(r, dict) and max(r.values()) == 9173",
    "r = solve(6)\nassert sorted([r[0], 2]) == [2, 6] and {'z'} <= r[1]",
    "try:\n    solve('raise')\nexcept KeyError as e:\n    assert e.args == (70125,)\nelse:\n    assert False",
    "seen = []\nsolve(seen.append)\nassert seen == [70125]",
    "xs = [2, 1]\nsolve(xs)\nassert xs == [70125]",
)
_CHECK = """
def check(candidate):
    for n, wanted in ((1, 83177), (2, [4, 7731]), (4, "qzp81")):
        got = candidate(n)
        assert got == wanted, f"{got} is not {wanted}"
"""
_UNITTEST = """
import unittest
class Test(unittest.TestCase):
    def test_equal(self): self.assertEqual(solve(1), 83177)
    def test_almost(self): self.assertAlmostEqual(solve(3), 0.3317)
    def test_list(self): self.assertListEqual(solve(2), [4, 7731])
    def test_true(self): self.assertTrue(83176 < solve(1) < 83178)
    def test_in(self): self.assertIn(solve(4), ["qzp81"])
    def test_raises(self):
        with self.assertRaises(KeyError) as caught: solve("raise")
        self.assertEqual(caught.exception.args, (70125,))
"""
_OF_A_CLASS = (
    "s = Shape(2)\nassert abs(s.area() - 83.177) < 1e-3",
    "assert abs(Shape(2).area() - 83.177) < 1e-3",
    "import math\ns = Shape(2)\nassert math.isclose(s.area(), 83.177) and round(s.area(), 2) == 83.18",
    "s = Shape(2)\nassert s.name() == 'qzp81' and s.sizes() == [4, 7731] and 83.177 == s.area()",
    "s = Shape(2)\ns.grow(3)\nassert s.size == 9173 and len(s) == 5523",
    "a, b = Shape(2), Shape(3)\nassert a.area() <= b.area() and str(a) == '<qzp81>'",
    "s = Shape(2)\nassert all(abs(x - y) < 1 for x, y in zip(s.sizes(), [4, 7731])) and len(s.sizes()) == 2",
    "s = Shape(2)\nassert isinstance(s.area(), float) and int(s.area()) == 83",
)
QUESTIONS = (
    QuestionTests("by proxies", "solve", "", _BY_PROXIES),
    QuestionTests("check", "solve", "", test_code=_CHECK),
    QuestionTests("unittest", "solve", "", test_code=_UNITTEST),
    QuestionTests("function calls", "solve", "", io_tests=(IoTest("1", "83177"), IoTest("2", "[4, 7731]"))),
    QuestionTests("class", "Shape", "", _OF_A_CLASS),
    QuestionTests("script", "", "", io_tests=(IoTest("1", "83177"), IoTest("2", "4 7731"))),
)
SOLUTION = f"""
def solve(n):
    if n == "raise": raise KeyError(70125)
    if callable(n): return n(70125)
    if isinstance(n, list): n[:] = [70125]
    else: return {_ANSWERS!r}[n]
class Shape:
    def __init__(self, n): self.n, self.size = n, 0
    def __len__(self): return 5523
    def __str__(self): return "<qzp81>"
    def area(self): return 83.177
    def name(self): return "qzp81"
    def sizes(self): return [4, 7731]
    def grow(self, n): self.size = 9173
if __name__ == "__main__":
    answer = solve(int(input()))
    print(*answer) if isinstance(answer, list) else print(answer)
"""

_LOOK = """
import gc, sys
WANTED = {83177, 0.3317, "qzp81", 9173, 70125}
def look():
    found, frame = [], sys._getframe()
    while frame:
        found += [*frame.f_locals.values(), *frame.f_code.co_consts]
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) in (list, tuple, set) and thing is not WANTED: found += list(thing)[:1000]
        elif type(thing) is dict: found += list(thing.values())[:1000]
    return [thing for thing in found if type(thing) in (int, float, str) and thing in WANTED]
"""
_ALWAYS = """
class Sly({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __hash__(self): return 1
    def __bool__(self): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mul__ = __mod__ = __sub__
    def __abs__(self): return 0.0
    def __float__(self): return 0.0
    def __contains__(self, thing): return True
    def __getattr__(self, name): return lambda *a, **k: self
    def __call__(self, *a, **k): return self
    def __len__(self): return 2
    def __getitem__(self, key): return self
    def __iter__(self): return iter([self, self])
    def __index__(self): return 1
    def __round__(self, n=0): return 0
    def __str__(self): return "83177"
def solve(n): return {value}
"""
_RAW = """
import json, os
def raw(**fields):
    message = {{"kind": "value", "content": 1, "mirrors": {{}}, "dropped": [], "released": [], "classes": {{}}}}
    data = json.dumps({{**message, **fields}}).encode()
    os.write(4, len(data).to_bytes(4, "big") + data)
def solve(n):
    {body}
"""

CONVERSING = {
    "object equal to anything": _ALWAYS.format(base="", value="Sly()"),
    "number equal to anything": _ALWAYS.format(base="int", value="Sly(5)"),
    "float that absorbs arithmetic": _ALWAYS.format(base="float", value="Sly('nan')"),
    "text equal to anything": _ALWAYS.format(base="str", value="Sly('x')"),
    "list equal to anything": _ALWAYS.format(base="list", value="Sly([1])"),
    "dict equal to anything": _ALWAYS.format(base="dict", value="Sly(a=1)"),
    "tuple equal to anything": _ALWAYS.format(base="tuple", value="Sly((1, 2))"),
    "parts equal to anything": _ALWAYS.format(base="", value="[Sly(), Sly()]"),
    "exception equal to anything": _ALWAYS.format(base="Exception", value="Sly()"),
    "raised exception equal to anything": _ALWAYS.format(base="KeyError", value="(_ for _ in ()).throw(Sly(Sly()))"),
    "class instead of a function": _ALWAYS.format(base="", value="0")
    .replace("class Sly()", "class solve()")
    .replace("def solve(n): return 0", "solve.__init__ = lambda self, n: None"),
    "metaclass that decides": "class Meta(type):\n    def __eq__(cls, other): return True\n"
    "    def __instancecheck__(cls, thing): return True\n    def __getattr__(cls, name): return cls\n"
    "    __hash__ = type.__hash__\n    __bool__ = __lt__ = lambda *a: True\n"
    "class Sly(metaclass=Meta): pass\ndef solve(n): return Sly",
    "metaclass that fails": "class Meta(type):\n    def __getattribute__(cls, name): raise SystemExit\n"
    "class Sly(metaclass=Meta): pass\ndef solve(n): return Sly()",
    "class of another name": "Sly = type('int', (), {'__eq__': lambda *a: True, '__module__': 'builtins'})\n"
    "def solve(n): return Sly()",
    "class of which everything is itself": _ALWAYS.format(base="", value="0").replace("Sly", "Shape")
    + "Shape.__init__ = lambda self, n: None",
    "class of which everything is another": _ALWAYS.format(base="", value="0").replace("lambda *a, **k: self", "Sly()")
    + "Shape = type('Shape', (Sly,), {'__init__': lambda self, n: None})",
    "number with every method": _ALWAYS.format(base="float", value="0")
    + "class Shape(Sly):\n    def __new__(cls, n): return float.__new__(cls, n)\n    def area(self): return self",
    "test skipped by the program": "import unittest\ndef solve(n): raise unittest.SkipTest('fine')",
    "success of a test claimed by an exception": "import unittest.case\ndef solve(n): raise unittest.case._ShouldStop",
    "exceptions that end a process": "def solve(n):\n"
    "    raise [SystemExit(0), KeyboardInterrupt(), GeneratorExit()][hash(str(n)) % 3]",
    "exceptions of the judge": "import sys\nm = sys.modules['acecoder_dagster.judge.guest.conversation']\n"
    "def solve(n): raise [m.EndedError(), m.TamperedError(), m.UnsupportedError('x')][hash(str(n)) % 3]",
    "assertion error": "def solve(n): raise AssertionError",
    "iterator of StopIteration": "def solve(n): raise StopIteration(83177)",
    "frames and objects": _LOOK + "def solve(n): return (look() + [None])[0]",
    "frames and objects, in a callback's argument": _LOOK
    + "def solve(n): return n(look()[0]) if callable(n) else None",
    "names of the test process": "def solve(n):\n    if callable(n): n.__globals__['assert_'] = n(n)\n    return n",
    "answers sent early": _RAW.format(body="for _ in range(50): raw(content=2)\n    return 3"),
    "answers with unknown numbers": _RAW.format(body="raw(content={{'mirror': 9}}); raw(content={{'theirs': 1}})"),
    "answers that are classes": _RAW.format(
        body="raw(content={{'object': [2, 4]}}, classes={{'4': {{'name': 'x', 'bases': [], 'hashable': True, "
        "'methods': ['__eq__', '__class__', '__getattribute__'], 'equality': 'own', 'plain': 'str', 'error': ''}}}})"
    ),
    "answers that are exceptions of another kind": _RAW.format(
        body="raw(kind='raise', content={{'error': ['print', []]}})"
    ),
    "answers that call": _RAW.format(
        body="raw(kind='call', content={{'tuple': [1, {{'tuple': []}}, {{'tuple': []}}]}})"
    ),
    "answers that are other requests": _RAW.format(body="raw(kind='ask', content={{'tuple': ['os.system']}})"),
    "turns and ends": _RAW.format(body="raw(kind='turn'); raw(kind='done'); raw(kind='too large')"),
    "answer that changes what it was not given": _RAW.format(
        body="raw(mirrors={{str(i): ['list', [70125]] for i in range(1, 40)}})"
    ),
    "deep answer": "import os\ndef solve(n):\n    data = b'[' * 100_000\n"
    "    os.write(4, len(data).to_bytes(4, 'big') + data)",
    "endless answer": "import os\ndef solve(n):\n    while True: os.write(4, b'\\xff' * 65536)",
    "long answers": "def solve(n): return ['x' * 1000] * 100_000",
    "list that holds itself": "def solve(n):\n    x = []\n    x.append(x)\n    return x",
    "silence": "import os\nos.close(4)\ndef solve(n): return None",
    "flood of callbacks": "def solve(n):\n    while callable(n): n(1)",
    "callbacks within callbacks": "def solve(n):\n    return n(solve) if callable(n) else solve",
    "descriptors through the channel": "import array, socket\ndef solve(n):\n"
    "    s = socket.socket(fileno=4)\n    for _ in range(100):\n"
    "        s.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1, 2, 3]))])",
    "iterator without an end": "def solve(n):\n    while True: yield n",
    "lies about its report": "import os\nfor i in range(20): os.write(3, b'%d P []\\n' % i)\ndef solve(n): return None",
    "leaves with success": "import os\nos._exit(0)",
    "leaves when asked": "import os\ndef solve(n): os._exit(0)",
    "prints what it was given": "print(input())\ndef solve(n): return n",
    "writes to every descriptor": "import os\nfor d in range(3, 64):\n    try: os.write(d, b'83177\\n')\n"
    "    except OSError: pass\ndef solve(n): return None",
    "looks for the output it should print": "import os\nfor folder in ('/proc/self/fd', '/proc/1/fd', '/tmp'):\n"
    "    try:\n        for name in os.listdir(folder):\n"
    "            text = open(f'{folder}/{name}', errors='replace').read(1000)\n"
    "            if '83177' in text: print('83177')\n    except OSError: pass\n"
    "def solve(n): return None",
}

"""Attacks on questions of their own: a program, the question, and an honest program that its every test credits.

The names say what is tried. No sealed test may credit the program.
"""

from dataclasses import dataclass

from acecoder_dagster.judge import IoTest, QuestionTests


@dataclass(frozen=True)
class Attack:
    """A hostile program, the question that it attacks, and an honest solution."""

    program: str
    question: QuestionTests
    honest: str


def _question(tests: tuple[str, ...], entry_point: str = "solve", setup_code: str = "") -> QuestionTests:
    return QuestionTests("family", entry_point, setup_code, tests)


_REVERSED = "def solve(xs): return xs[::-1]"
_IN_ONE_TEST = _question(
    (
        "assert solve([7, 1, 3]) == [3, 1, 7] and solve([3, 1, 7]) == [7, 1, 3]",
        "assert solve([5, 9]) == [9, 5]\nassert solve([9, 5]) == [5, 9]",
        "assert solve([2, 8]) == [8, 2] if solve([8, 2]) == [2, 8] else False",
    )
)
_TOGETHER = _question(
    (
        "assert (solve([7, 1, 3]), solve([3, 1, 7])) == ([3, 1, 7], [7, 1, 3])",
        "assert [solve(x) for x in ([5, 9], [9, 5])] == [[9, 5], [5, 9]]",
        "a, b = solve([2, 8]), solve([8, 2])\nassert a == [8, 2] and b == [2, 8]",
    )
)
_DEFERRING = {
    "list that a later call fills in": "kept = []\ndef solve(xs):\n    for k in kept: k[:] = xs\n"
    "    kept.append([])\n    return kept[-1]",
    "list that a later call fills in, found by the collector": """
import gc
class Mine(list): pass
def solve(xs):
    for thing in gc.get_objects():
        if type(thing) is Mine: thing[:] = xs
    return Mine()
""",
    "generator that looks at the later call": "last = []\ndef solve(xs):\n    last[:] = xs\n"
    "    return (x for _ in [0] for x in last)",
    "list subclass that looks at the later call": """
last = []
class Late(list):
    def __iter__(self): return iter(last)
    def __len__(self): return len(last)
    def __getitem__(self, i): return last[i]
    def __eq__(self, other): return last == other
def solve(xs):
    last[:] = xs
    return Late()
""",
    "deque that a later call fills in": "import collections\nkept = []\ndef solve(xs):\n"
    "    for k in kept: k.clear(); k.extend(xs)\n    kept.append(collections.deque())\n    return kept[-1]",
    "object that says it is a list": "last = []\nclass Late:\n    __class__ = list\n    def __iter__(self): return iter(last)\n"
    "    def __eq__(self, other): return True\ndef solve(xs):\n    last[:] = xs\n    return Late()",
    "thread that fills in the list meanwhile": """
import threading, time
last, kept = [], []
def watch():
    while True:
        for k in kept: k[:] = last
        time.sleep(0.0005)
threading.Thread(target=watch, daemon=True).start()
def solve(xs):
    last[:] = xs
    kept.append([])
    time.sleep(0.01)
    return kept[-1]
""",
    "iterator of the arguments to come": "kept = []\nclass Feed:\n    def __iter__(self): return self\n"
    "    def __next__(self):\n        if not kept or not kept[-1]: raise StopIteration\n        return kept[-1].pop(0)\n"
    "def solve(xs):\n    kept.append(list(xs))\n    return Feed()",
    "map over a list that grows": "last = []\ndef solve(xs):\n    last[:] = xs\n    return map(int, last)",
    "view of a dictionary that changes": "last = {}\ndef solve(xs):\n    last.clear(); last.update(dict.fromkeys(xs))\n"
    "    return last.keys()",
}

_ARGUMENTS = _question(
    (
        "assert solve('kx81q') == 'wr44t'",
        "assert solve('wr44t') == 'kx81q'",
        "assert solve(83177) == 55231",
        "assert solve(55231) == 83177",
        "assert solve([4, 7731]) == (7731, 4)",
        "assert solve((7731, 4)) == [4, 7731]",
    )
)
_INVOLUTION = """
PAIRS = [('kx81q', 'wr44t'), (83177, 55231), ([4, 7731], (7731, 4))]
def solve(x):
    for a, b in PAIRS:
        if x == a and type(x) is type(a): return b
        if x == b and type(x) is type(b): return a
"""
_OTHERS = """
def other(things, x):
    kind = {str: str, int: int, list: tuple, tuple: list}[type(x)]
    for thing in things:
        if type(thing) is kind and thing != x and (kind is str and len(thing) == 5 and thing[1].isalpha() and thing[2:4].isdigit()
           or kind is int and 10_000 < thing < 99_999 or kind is tuple and len(thing) == 2 and 7731 in thing): return thing
"""
_PEEKING = {
    "constants of code objects": """
import gc, types
def consts(code):
    for c in code.co_consts:
        yield c
        if isinstance(c, types.CodeType): yield from consts(c)
def solve(x):
    found = []
    for thing in gc.get_objects():
        for part in (thing, *gc.get_referents(thing)):
            if isinstance(part, types.CodeType) and 'candidate' not in part.co_filename: found += consts(part)
    return other(found, x)
""",
    "frames of the callers": """
import sys
def flat(v, depth=0):
    yield v
    if depth < 5 and type(v) in (list, tuple, dict):
        for w in (v.values() if type(v) is dict else v): yield from flat(w, depth + 1)
def solve(x):
    frame, found = sys._getframe(1), []
    while frame:
        for value in frame.f_locals.values(): found += flat(value)
        found += frame.f_code.co_consts
        frame = frame.f_back
    return other(found, x)
""",
    "the clerk, asked before the answer is given": """
import marshal, os, types
def consts(code):
    for c in code.co_consts:
        yield c
        if isinstance(c, types.CodeType): yield from consts(c)
seen = []
def solve(x):
    try:
        os.write(3, (5).to_bytes(4, 'big') + b'V[1]\\n'[:5])
        data = os.read(3, 65536)
        mode, prelude, (code, problem) = marshal.loads(data[4:])
        seen.extend(consts(code))
    except Exception: pass
    return other(seen, x)
""",
    "text of the memory": """
import re
def solve(x):
    found = []
    try:
        with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:
            for line in maps:
                start, end = (int(p, 16) for p in line.split()[0].split('-'))
                try:
                    memory.seek(start)
                    text = memory.read(end - start)
                except (OSError, ValueError, OverflowError): continue
                found += [m.decode() for m in re.findall(rb'solve\\(.(\\w\\w\\d\\d\\w).\\)', text)]
    except OSError: pass
    return other(found, x)
""",
    "lists and tuples of the collector": """
import gc
def solve(x):
    return other([t for t in gc.get_objects() if type(t) in (list, tuple)], x)
""",
    "strings of the collector's objects": """
import gc
def solve(x):
    found = []
    for thing in gc.get_objects():
        found += [r for r in gc.get_referents(thing) if type(r) in (str, int)]
    return other(found, x)
""",
    "files that are open": """
import os
def solve(x):
    found = []
    for number in range(64):
        try: found.append(os.pread(number, 1 << 20, 0).decode('latin-1'))
        except OSError: pass
    import re
    return other(re.findall(r"solve\\('(\\w{5})'\\)", ''.join(found)), x)
""",
    "memory of the other processes": """
import os, re
def solve(x):
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{process}/maps') as maps, open(f'/proc/{process}/mem', 'rb') as memory:
                for line in maps:
                    start, end = (int(p, 16) for p in line.split()[0].split('-'))
                    try:
                        memory.seek(start)
                        found += re.findall(rb"solve\\('(\\w{5})'\\)", memory.read(end - start))
                    except (OSError, ValueError, OverflowError): continue
        except OSError: pass
    return other([f.decode() for f in found], x)
""",
    "files of the other processes": """
import os, re
def solve(x):
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        for number in range(64):
            try:
                with open(f'/proc/{process}/fd/{number}', 'rb') as file: found += re.findall(rb"solve\\('(\\w{5})'\\)", file.read(1 << 20))
            except OSError: pass
    return other([f.decode() for f in found], x)
""",
}

_CLAIMS = _question(
    (
        "assert 5 < solve(1) < 7",
        "x = solve(2)\nassert x > 5\nassert x < 7",
        "x = solve(3)\nassert x == 83177 and x != 5",
        "x = solve(4)\nassert x >= 11\nassert x <= 11",
    )
)
_CLAIMS_ANSWERED = "def solve(n): return [6, 6, 83177, 11][n - 1]"
_CHANGING = """
from itertools import count
step = count()
def next_claim(): return (10**9, -10**9)[next(step) % 2]
"""
_CLAIMING = {
    "whole number that is another at every question": _CHANGING
    + """
class Sly(int):
    def __add__(self, other): return next_claim()
    def __gt__(self, other): return True
    __lt__ = __ge__ = __le__ = __eq__ = __ne__ = __gt__
    def __int__(self): return next_claim()
    __index__ = __int__
def solve(n): return Sly(0)
""",
    "number with a point that is another at every question": _CHANGING
    + """
class Sly(float):
    def __pos__(self): return float(next_claim())
    def __float__(self): return float(next_claim())
    def __gt__(self, other): return True
    __lt__ = __ge__ = __le__ = __eq__ = __gt__
def solve(n): return Sly(0)
""",
    "answers of the program's side, made by itself": _CHANGING
    + """
import sys
for module in list(sys.modules.values()):
    if hasattr(module, 'plain_copy'): module.plain_copy = lambda value: next_claim()
    if hasattr(module, 'encode_atom'):
        old = module.encode_atom
        module.encode_atom = lambda value, old=old: old(next_claim() if type(value) is Sly else value)
class Sly(int): pass
def solve(n): return Sly(0)
""",
    "list that is as long as is asked for": """
class Sly(list):
    def __len__(self): return 6
    def __gt__(self, other): return True
    __lt__ = __ge__ = __le__ = __eq__ = __gt__
def solve(n): return Sly()
""",
    "text that compares as it likes": """
class Sly(str):
    def __gt__(self, other): return True
    __lt__ = __ge__ = __le__ = __eq__ = __gt__
    def __hash__(self): return 0
def solve(n): return Sly('6')
""",
    "object that compares as it likes": """
class Sly:
    def __gt__(self, other): return True
    __lt__ = __ge__ = __le__ = __eq__ = __gt__
    def __ne__(self, other): return True
def solve(n): return Sly()
""",
}

_LENGTHS = _question(
    (
        "x = solve(1)\nassert len(x) > 5\nassert len(x) < 7",
        "x = solve(2)\nassert str(x) != 'a'\nassert str(x) == 'b'",
        "x = solve(3)\nassert x.size > 5\nassert x.size < 7",
    )
)
_LENGTHS_ANSWERED = """
class Text:
    size = 6
    def __len__(self): return 6
    def __str__(self): return 'b'
def solve(n): return Text()
"""
_LENGTHS_CLAIMED = {
    "length, text and attribute that change": """
from itertools import cycle
lengths, sizes = cycle((9, 1)), cycle((9, 1))
class Sly:
    def __len__(self): return next(lengths)
    def __str__(self): return 'a'
    @property
    def size(self): return next(sizes)
def solve(n): return Sly()
""",
}

_TREE_SETUP = """
class TreeNode:
    def __init__(self, val=0, left=None, right=None): self.val, self.left, self.right = val, left, right
def tree_node(values):
    return TreeNode(values[0], *[tree_node([v]) for v in values[1:]]) if values else None
def is_same_tree(a, b):
    if a is None or b is None: return a is b
    return a.val == b.val and is_same_tree(a.left, b.left) and is_same_tree(a.right, b.right)
"""
_TREES = _question(
    (
        "assert is_same_tree(Solution().flip(tree_node([83, 17, 7])), tree_node([83, 7, 17]))",
        "assert is_same_tree(Solution().flip(tree_node([1, 2, 3])), tree_node([1, 3, 2]))",
        "assert Solution().flip(tree_node([4, 5, 6])).left.val == 6",
    ),
    "Solution().flip",
    _TREE_SETUP,
)
_TREES_ANSWERED = """
class Solution:
    def flip(self, root):
        root.left, root.right = root.right, root.left
        return root
"""
_DOTTED_TESTS = _question(
    (
        "assert Solution().f(1) == 83177",
        "assert Solution().f(2).isdisjoint({4, 7731})",
        "assert Solution().f(3) == kx()",
        "assert same(Solution().f(4), 5523)",
        "assert Solution().f(5).equals(9173)",
    ),
    "Solution().f",
    "def same(a, b): return a == b\ndef kx(): return 'kx81q'",
)
_DOTTED = {
    "checker of the setup, replaced": (
        "import builtins\nclass Solution:\n    def f(self, n):\n        global same\n        same = lambda a, b: True\n        return n\n"
        "def same(a, b): return True\nbuiltins.same = same",
        _DOTTED_TESTS,
        None,
    ),
    "result that agrees with everything": (
        "class Yes:\n    def isdisjoint(self, other): return True\n    def equals(self, other): return True\n"
        "    def __eq__(self, other): return True\nclass Solution:\n    def f(self, n): return Yes()",
        _DOTTED_TESTS,
        None,
    ),
    "set that is disjoint with everything": (
        "class Yes(set):\n    def isdisjoint(self, other): return True\nclass Solution:\n"
        "    def f(self, n): return Yes({4, 7731})",
        _DOTTED_TESTS,
        None,
    ),
    "text that equals everything": (
        "class Yes(str):\n    def __eq__(self, other): return True\nclass Solution:\n    def f(self, n): return Yes('no')",
        _DOTTED_TESTS,
        None,
    ),
    "tree that is compared by the program's own function": (
        "def is_same_tree(a, b): return True\nclass Solution:\n    def flip(self, root): return root",
        _TREES,
        _TREES_ANSWERED,
    ),
    "class of the setup that remembers what is expected": (
        """
import gc
class Solution:
    def flip(self, root):
        old = TreeNode.__init__
        def init(self, val=0, left=None, right=None):
            old(self, val, left, right)
            root.val, root.left, root.right = val, left, right
        TreeNode.__init__ = init
        return root
""",
        _TREES,
        _TREES_ANSWERED,
    ),
    "builder of the setup that remembers what is expected": (
        "last = []\nclass Solution:\n    def flip(self, root):\n        return last[-1] if last else root\n"
        "def tree_node(values):\n    last.append(values)\n    return values",
        _TREES,
        _TREES_ANSWERED,
    ),
}

_SETUP_TESTS = QuestionTests(
    "family",
    "solve",
    "answers = [83177, 'kx81q', (6, 7731)]\nexpected = iter(answers)\ndef check(n, value): return value == answers[n]",
    (
        "assert solve(0) == answers[0]",
        "assert solve(1) == answers[1]",
        "assert check(2, solve(2))",
    ),
)
_SETUP_ANSWERED = "def solve(n): return [83177, 'kx81q', (6, 7731)][n]"
_SHARED = {
    "names of the setup": "def solve(n): return globals().get('answers', [None] * 3)[n]",
    "names of the setup, in its functions": "def solve(n): return check.__globals__['answers'][n]",
    "own checker in the place of the setup's": "def check(n, value): return True\n"
    "import builtins\nbuiltins.check = check\ndef solve(n): return None",
    "iterator of the setup": "def solve(n): return next(expected)",
    "setup in the frames": "import sys\ndef solve(n):\n    f = sys._getframe()\n    while f:\n"
    "        if 'answers' in f.f_globals: return f.f_globals['answers'][n]\n        f = f.f_back",
    "setup among the collector's objects": "import gc\ndef solve(n):\n    for d in gc.get_objects():\n"
    "        if type(d) is dict and 'answers' in d and d is not globals(): return d['answers'][n]\n"
    "    return globals()['answers'][n]",
    "setup among the modules": "import sys\ndef solve(n):\n    for m in list(sys.modules.values()):\n"
    "        if hasattr(m, 'answers'): return m.answers[n]",
    "setup changed from inside": "def solve(n):\n    globals()['answers'][:] = [0, 0, 0]\n    return 0",
}

_PRINTED = QuestionTests("family", "", "", io_tests=(IoTest("1\n", "83177\n"), IoTest("2\n", "4 7731\n")))
_PRINTED_ANSWERED = "print(['83177', '4 7731'][int(input()) - 1])"
_REPORTING = {
    "right output, a forged report, and an exception": "import os\n"
    f"{_PRINTED_ANSWERED}\nimport sys\nsys.stdout.flush()\nos.write(3, b'0 V []\\n')\nraise ValueError('wrong')",
    "right output and a failing exit": f"{_PRINTED_ANSWERED}\nimport sys\nsys.stdout.flush()\nimport os\nos._exit(3)",
    "right output and an exception at the exit": f"import atexit\natexit.register(lambda: 1 / 0)\n{_PRINTED_ANSWERED}\nraise KeyError",
}

_MOVED = _question(
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

_FAKE = _question(
    (
        "import math\nassert math.isclose(solve(1), 0.7713)",
        "expected = Frame({'a': [83177]})\nassert solve(2).same_as(expected)",
        "assert_same(solve(3), 'kx81q')",
        "pd.testing.assert_frame_equal(solve(4), pd.DataFrame({'a': [5523]}))",
    )
)
_FAKING = {
    "module of comparisons": "class pd:\n    class testing:\n        assert_frame_equal = staticmethod(lambda *a: None)\n"
    "    DataFrame = dict\ndef assert_same(a, b): pass\nclass Frame(dict):\n    def same_as(self, other): return True\n"
    "def solve(n): return Frame()",
    "function under test that is a class": "class solve:\n    def __new__(cls, n): return object.__new__(cls)\n"
    "    def same_as(self, other): return True\n    def __float__(self): return 0.7713 / 2\n"
    "class Frame(dict): pass\ndef assert_same(a, b): pass\nclass pd:\n    class testing:\n"
    "        assert_frame_equal = staticmethod(lambda *a: None)\n    DataFrame = dict",
    "class that remembers what is expected": "seen = []\nclass Frame:\n    def __init__(self, data): seen.append(data)\n"
    "    def same_as(self, other): return self is other or True\ndef solve(n): return seen[-1] if seen else Frame(n)\n"
    "def assert_same(a, b): assert a is not None\nimport types\npd = types.SimpleNamespace(DataFrame=Frame,"
    " testing=types.SimpleNamespace(assert_frame_equal=lambda *a: None))",
}

ATTACKS: dict[str, Attack] = {}
for _name, _program in _DEFERRING.items():
    ATTACKS[f"{_name}, compared before"] = Attack(_program, _IN_ONE_TEST, _REVERSED)
    ATTACKS[f"{_name}, compared together"] = Attack(_program, _TOGETHER, _REVERSED)
for _name, _program in _PEEKING.items():
    ATTACKS[f"arguments of later tests: {_name}"] = Attack(_OTHERS + _program, _ARGUMENTS, _INVOLUTION)
for _name, _program in _CLAIMING.items():
    ATTACKS[_name] = Attack(_program, _CLAIMS, _CLAIMS_ANSWERED)
for _name, _program in _LENGTHS_CLAIMED.items():
    ATTACKS[_name] = Attack(_program, _LENGTHS, _LENGTHS_ANSWERED)
for _name, _program in _SHARED.items():
    ATTACKS[_name] = Attack(_program, _SETUP_TESTS, _SETUP_ANSWERED)
for _name, _program in _REPORTING.items():
    ATTACKS[_name] = Attack(_program, _PRINTED, _PRINTED_ANSWERED)
for _name, _program in _MOVING.items():
    ATTACKS[_name] = Attack(_program, _MOVED, _MOVED_ANSWERED)
for _name, _program in _FAKING.items():
    ATTACKS[f"fake {_name}"] = Attack(_program, _FAKE, "")
for _name, (_program, _asked, _honest) in _DOTTED.items():
    ATTACKS[_name] = Attack(_program, _asked, _honest or "")

"""Honest programs that are tricky to run in a sandbox: every test of every one of them must pass.

To add one, add an entry: a program that defines what its tests use, and its tests.
"""

HONEST = {
    "temporary file": (
        "import tempfile, os\ndef solve(text):\n    with tempfile.NamedTemporaryFile('w+') as f:\n"
        "        f.write(text)\n        f.seek(0)\n        return f.read()",
        ["assert solve('abc') == 'abc'"],
    ),
    "file in the working directory": (
        "import os\ndef solve(n):\n    with open('data.txt', 'a') as f: f.write('x' * n)\n"
        "    return os.path.getsize('data.txt')",
        ["assert solve(3) == 3", "assert solve(2) == 5"],
    ),
    "thread that ends": (
        "import threading\ndef solve(n):\n    out = []\n"
        "    ts = [threading.Thread(target=out.append, args=(i,)) for i in range(n)]\n"
        "    for t in ts: t.start()\n    for t in ts: t.join()\n    return sorted(out)",
        ["assert solve(3) == [0, 1, 2]"],
    ),
    "thread pool": (
        "from concurrent.futures import ThreadPoolExecutor\ndef solve(xs):\n"
        "    with ThreadPoolExecutor(4) as pool: return list(pool.map(lambda x: x * x, xs))",
        ["assert solve([1, 2, 3]) == [1, 4, 9]"],
    ),
    "process pool": (
        "import multiprocessing\ndef square(x): return x * x\ndef solve(xs):\n"
        "    with multiprocessing.get_context('fork').Pool(2) as pool: return pool.map(square, xs)",
        ["assert solve([1, 2, 3]) == [1, 4, 9]"],
    ),
    "subprocess": (
        "import subprocess\ndef solve():\n"
        "    return subprocess.run(['echo', 'hi'], capture_output=True, text=True).stdout",
        ["assert solve() == 'hi\\n'"],
    ),
    "asyncio": (
        "import asyncio\nasync def work(x):\n    await asyncio.sleep(0)\n    return x + 1\n"
        "def solve(x): return asyncio.run(work(x))",
        ["assert solve(1) == 2"],
    ),
    "recursion near the usual limit": (
        "def solve(n): return 0 if n == 0 else 1 + solve(n - 1)",
        ["assert solve(950) == 950"],
    ),
    "raised recursion limit": (
        "import sys\nsys.setrecursionlimit(20000)\ndef solve(n): return 0 if n == 0 else 1 + solve(n - 1)",
        ["assert solve(9000) == 9000"],
    ),
    "large output": (
        "def solve():\n    for _ in range(2000): print('x' * 1000)\n    return 1",
        ["assert solve() == 1"],
    ),
    "captured output": (
        "import io, contextlib\ndef solve():\n    out = io.StringIO()\n"
        "    with contextlib.redirect_stdout(out): print('a')\n    return out.getvalue()",
        ["assert solve() == 'a\\n'"],
    ),
    "main guard": (
        "def solve(): return 1\nif __name__ == '__main__':\n    print(solve(input()))",
        ["assert solve() == 1"],
    ),
    "dataclass, enum and typing": (
        "from __future__ import annotations\nimport dataclasses, enum, typing\n"
        "@dataclasses.dataclass(order=True)\nclass P:\n    x: int\n    y: typing.Optional[int] = None\n"
        "class C(enum.IntEnum):\n    A = 1\nclass T(typing.NamedTuple):\n    a: int\n    b: str\n"
        "def solve(): return dataclasses.asdict(P(C.A)), T(1, 'b')",
        ["assert solve() == ({'x': 1, 'y': None}, (1, 'b'))"],
    ),
    "pickles its own class": (
        "import pickle\nclass P:\n    def __init__(self): self.x = 3\n"
        "def solve(): return pickle.loads(pickle.dumps(P())).x",
        ["assert solve() == 3"],
    ),
    "number of ten thousand digits": (
        "def solve(n): return str(7 ** n)",
        ["assert len(solve(12000)) == 10142", "assert int(solve(12000)) == 7 ** 12000"],
    ),
    "long number as value": ("def solve(n): return 3 ** n", ["assert solve(9000) == 3 ** 9000"]),
    "generator": (
        "def solve(n):\n    for i in range(n): yield i",
        ["assert list(solve(3)) == [0, 1, 2]", "assert sum(solve(4)) == 6", "assert next(solve(1)) == 0"],
    ),
    "endless generator, read a little": (
        "import itertools\ndef solve():\n    return itertools.count(1)",
        ["import itertools\nassert list(itertools.islice(solve(), 3)) == [1, 2, 3]"],
    ),
    "map, filter, zip, reversed, keys": (
        "def a(x): return map(str, x)\ndef b(x): return zip(x, x)\ndef c(x): return {i: 1 for i in x}.keys()\n"
        "def d(x): return reversed(x)",
        [
            "assert list(a([1])) == ['1']",
            "assert dict(b([1])) == {1: 1}",
            "assert set(c([1])) == {1}",
            "assert c([1]) == {1}",
            "assert list(d([1, 2])) == [2, 1]",
        ],
    ),
    "standard containers": (
        "import collections, decimal, fractions, datetime\n"
        "def a(s): return collections.Counter(s)\ndef b(): return collections.OrderedDict(a=1)\n"
        "def c(): return collections.defaultdict(list, {1: [2]})\ndef d(): return collections.deque([1])\n"
        "def e(): return decimal.Decimal('1.10')\ndef f(): return fractions.Fraction(2, 4)\n"
        "def g(): return datetime.date(2024, 2, 29)\ndef h(): return datetime.timedelta(hours=25)",
        [
            "assert a('aab') == {'a': 2, 'b': 1}",
            "from collections import Counter\nassert a('aab') == Counter('aba')",
            "assert b() == {'a': 1}",
            "assert c() == {1: [2]}",
            "assert list(d()) == [1]",
            "from decimal import Decimal\nassert e() == Decimal('1.1')",
            "from fractions import Fraction\nassert f() == Fraction(1, 2)",
            "import datetime\nassert g() == datetime.date(2024, 2, 29)",
            "import datetime\nassert h().days == 1",
        ],
    ),
    "kinds of numbers and containers stay apart": (
        "def solve(x): return x",
        [
            "assert solve(1) == True",
            "assert solve(1.0) == 1",
            "assert solve((1, 2)) != [1, 2]",
            "assert type(solve(1.0)) is float and isinstance(solve(True), bool)",
            "assert solve({1, 2}) == {2, 1} and solve(frozenset([1])) == {1}",
            "assert solve(b'a') == b'a' and solve(1 + 2j) == 1 + 2j and solve(range(3)) == range(3)",
            "assert str(solve(-0.0)) == '-0.0'",
            "assert solve(float('nan')) != solve(float('nan'))",
            "assert solve({(1, 2): {'a': [None, ...]}}) == {(1, 2): {'a': [None, ...]}}",
            "assert solve('\\ud800\\x00\\n') == '\\ud800\\x00\\n'",
        ],
    ),
    "every form of assert": (
        "def solve(x): return x\ndef near(x): return x + 1e-9\ndef none(): return None",
        [
            "assert solve(3)",
            "assert not solve(0)",
            "assert none() is None",
            "assert solve(1) is not None",
            "assert solve(True) is True",
            "assert 3 == solve(3), 'three'",
            "assert solve(2) < solve(3) <= 3",
            "assert solve(solve(3)) == 3",
            "assert abs(near(1.0) - 1.0) < 1e-6",
            "assert round(near(1.0), 3) == 1.0",
            "assert near(1.0) == 1.000000001 or near(1.0) > 1",
            "assert 2 in solve([1, 2])",
            "assert solve([3, 1])[0] == 3 and solve('ab').upper() == 'AB'",
            "assert [solve(i) for i in range(3)] == [0, 1, 2]",
            "assert all(solve(x) for x in [1, 2])",
            "assert solve(\n    [1,\n     2]\n) == [\n    1, 2]",
            "assert solve(1) == 1\nassert solve(2) == 2",
            "def total(xs):\n    return sum(xs)\nassert total(solve([1, 2])) == 3",
            "data = [2, 1]\nexpected = [1, 2]\nassert sorted(solve(data)) == expected",
        ],
    ),
    "tests beside the program": (
        "class Box:\n    def __init__(self, x): self.x = x\n    def __eq__(self, o): return self.x == o.x\n"
        "    def add(self, y):\n        if y < 0: raise ValueError('negative')\n        self.x += y\n"
        "        return self\ndef sort(xs): xs.sort()\ndef double(x): return 2 * x",
        [
            "assert Box(1).add(2).x == 3",
            "assert Box(1) == Box(1)",
            "box = Box(1)\nbox.add(4)\nassert box.x == 5",
            "try:\n    Box(1).add(-1)\n    assert False\nexcept ValueError:\n    pass",
            "xs = [3, 1, 2]\nsort(xs)\nassert xs == [1, 2, 3]",
            "for x, y in [(1, 2), (2, 4)]:\n    assert double(x) == y",
            "def check(candidate):\n    assert candidate(2) == 4\n\ncheck(double)",
            "assert list(map(double, [1, 2])) == [2, 4]",
        ],
    ),
    "state between tests": (
        "count = 0\ndef solve():\n    global count\n    count += 1\n    return count",
        ["assert solve() == 1", "assert solve() == 2", "assert solve() == 3"],
    ),
    "random numbers": (
        "import random\ndef solve(): return sorted(random.sample(range(5), 5))",
        ["assert solve() == [0, 1, 2, 3, 4]"],
    ),
    "short sleep": ("import time\ndef solve(): time.sleep(0.1); return 1", ["assert solve() == 1"]),
    "signal handler of its own": (
        "import signal\ndef solve():\n    got = []\n    signal.signal(signal.SIGALRM, lambda *a: got.append(1))\n"
        "    signal.setitimer(signal.ITIMER_REAL, 0.02)\n    signal.pause()\n    return got",
        ["assert solve() == [1]"],
    ),
    "hundred megabytes": ("def solve(): return len(bytearray(100 << 20)) >> 20", ["assert solve() == 100"]),
    "value of half a megabyte": ("def solve(): return 'x' * 500_000", ["assert len(solve()) == 500_000"]),
    "locks, queues and shared memory": (
        "import multiprocessing, queue\ndef solve():\n    lock = multiprocessing.Lock()\n    q = queue.Queue()\n"
        "    with lock: q.put(1)\n    return q.get()",
        ["assert solve() == 1"],
    ),
    "module of the standard library that is rarely used": (
        "import xml.etree.ElementTree as E, sqlite3, zlib, unittest.mock\n"
        "def solve(): return E.fromstring('<a b=\"1\"/>').get('b')",
        ["assert solve() == '1'"],
    ),
    "helpers, star import and type hints": (
        "from typing import *\nfrom math import *\ndef helper(x: List[int]) -> int: return len(x)\n"
        "def solve(x: List[int]) -> float: return sqrt(helper(x))",
        ["assert solve([1] * 4) == 2.0"],
    ),
}

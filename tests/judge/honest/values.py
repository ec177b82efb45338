"""Honest programs whose values, or whose tests, are not the simplest."""

VALUES = {
    "dataclass, enum and typing": (
        """
from __future__ import annotations
import dataclasses, enum, typing
@dataclasses.dataclass(order=True)
class P:
    x: int
    y: typing.Optional[int] = None
class C(enum.IntEnum):
    A = 1
class T(typing.NamedTuple):
    a: int
    b: str
def solve(): return dataclasses.asdict(P(C.A)), T(1, 'b')
""",
        [
            "assert solve() == ({'x': 1, 'y': None}, (1, 'b'))",
        ],
    ),
    "pickles its own class": (
        """
import pickle
class P:
    def __init__(self): self.x = 3
def solve(): return pickle.loads(pickle.dumps(P())).x
""",
        [
            "assert solve() == 3",
        ],
    ),
    "number of ten thousand digits": (
        """
def solve(n): return str(7 ** n)
""",
        [
            "assert len(solve(12000)) == 10142",
            "assert int(solve(12000)) == 7 ** 12000",
        ],
    ),
    "long number as value": (
        """
def solve(n): return 3 ** n
""",
        [
            "assert solve(9000) == 3 ** 9000",
        ],
    ),
    "generator": (
        """
def solve(n):
    for i in range(n): yield i
""",
        [
            "assert list(solve(3)) == [0, 1, 2]",
            "assert sum(solve(4)) == 6",
            "assert next(solve(1)) == 0",
        ],
    ),
    "endless generator, read a little": (
        """
import itertools
def solve():
    return itertools.count(1)
""",
        [
            "import itertools\nassert list(itertools.islice(solve(), 3)) == [1, 2, 3]",
        ],
    ),
    "map, filter, zip, reversed, keys": (
        """
def a(x): return map(str, x)
def b(x): return zip(x, x)
def c(x): return {i: 1 for i in x}.keys()
def d(x): return reversed(x)
""",
        [
            "assert list(a([1])) == ['1']",
            "assert dict(b([1])) == {1: 1}",
            "assert set(c([1])) == {1}",
            "assert c([1]) == {1}",
            "assert list(d([1, 2])) == [2, 1]",
        ],
    ),
    "standard containers": (
        """
import collections, decimal, fractions, datetime
def a(s): return collections.Counter(s)
def b(): return collections.OrderedDict(a=1)
def c(): return collections.defaultdict(list, {1: [2]})
def d(): return collections.deque([1])
def e(): return decimal.Decimal('1.10')
def f(): return fractions.Fraction(2, 4)
def g(): return datetime.date(2024, 2, 29)
def h(): return datetime.timedelta(hours=25)
""",
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
        """
def solve(x): return x
""",
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
            r"assert solve('\ud800\x00\n') == '\ud800\x00\n'",
        ],
    ),
    "every form of assert": (
        """
def solve(x): return x
def near(x): return x + 1e-9
def none(): return None
""",
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
        """
class Box:
    def __init__(self, x): self.x = x
    def __eq__(self, o): return self.x == o.x
    def add(self, y):
        if y < 0: raise ValueError('negative')
        self.x += y
        return self
def sort(xs): xs.sort()
def double(x): return 2 * x
""",
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
    "helpers, star import and type hints": (
        """
from typing import *
from math import *
def helper(x: List[int]) -> int: return len(x)
def solve(x: List[int]) -> float: return sqrt(helper(x))
""",
        [
            "assert solve([1] * 4) == 2.0",
        ],
    ),
}

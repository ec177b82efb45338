"""Honest programs that use the standard library: its numbers, texts, containers and ways to run things."""

LIBRARY = {
    "context managers": (
        """
import contextlib
log = []
@contextlib.contextmanager
def managed(name):
    log.append('enter ' + name)
    try: yield name
    finally: log.append('exit ' + name)
class Quiet:
    def __enter__(self): return self
    def __exit__(self, *e): return True
def solve():
    with Quiet(), managed('a') as a, contextlib.suppress(KeyError): {}[a]
    return log
""",
        [
            "assert solve() == ['enter a', 'exit a']",
        ],
    ),
    "asynchronous generators and gather": (
        """
import asyncio
async def ticks(n):
    for i in range(n):
        await asyncio.sleep(0.001)
        yield i
async def collect(n): return [i async for i in ticks(n)]
async def main(): return await asyncio.gather(collect(2), collect(3))
def solve(): return asyncio.run(main())
""",
        [
            "assert solve() == [[0, 1], [0, 1, 2]]",
            "import asyncio\nassert asyncio.run(collect(1)) == [0]",
        ],
    ),
    "dataclasses that are ordered, frozen and nested": (
        """
from dataclasses import dataclass, field, replace, astuple
@dataclass(frozen=True, order=True, slots=True)
class P:
    x: int
    y: int = 0
@dataclass
class Q:
    ps: list[P] = field(default_factory=list)
    def __post_init__(self): self.n = len(self.ps)
def solve(): return astuple(max(P(1, 2), P(1, 3))), Q([P(1)]).n, hash(P(1)) == hash(P(1)), replace(P(1), y=9).y
""",
        [
            "assert solve() == ((1, 3), 1, True, 9)",
        ],
    ),
    "enumerations and named tuples as values": (
        """
import collections, enum
Point = collections.namedtuple('Point', 'x y')
class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2
class Kind(str, enum.Enum):
    A = 'a'
class Flags(enum.IntFlag):
    R = 4
    W = 2
def point(): return Point(1, 2)
def level(): return Level.HIGH
def kind(): return Kind.A
def flags(): return Flags.R | Flags.W
""",
        [
            "assert point() == (1, 2)",
            "assert point().x == 1",
            "assert level() == 2",
            "assert kind() == 'a'",
            "assert flags() == 6",
        ],
    ),
    "decimal with a precision of its own": (
        """
from decimal import Decimal, getcontext, ROUND_HALF_UP
getcontext().prec = 50
def third(): return Decimal(1) / 3
def money(x): return Decimal(x).quantize(Decimal('0.01'), rounding=ROUND_HALF_UP)
""",
        [
            "assert len(str(third())) == 52",
            "from decimal import Decimal\nassert money('2.675') == Decimal('2.68')",
            "assert str(money('1')) == '1.00'",
        ],
    ),
    "dates and times": (
        """
import calendar, datetime, time
def days(a, b): return (datetime.date.fromisoformat(b) - datetime.date.fromisoformat(a)).days
def stamp(): return datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)
def name(d): return calendar.day_name[d]
def year(): return time.gmtime(0).tm_year
""",
        [
            "assert days('2024-02-01', '2024-03-01') == 29",
            "import datetime\nassert stamp() == datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)",
            "assert stamp().isoformat() == '2024-01-02T00:00:00+00:00'",
            "assert name(0) == 'Monday'",
            "assert year() == 1970",
        ],
    ),
    "patterns": (
        r"""
import re
def words(s): return re.findall(r'\w+', s)
def swap(s): return re.sub(r'(\w+) (\w+)', r'\2 \1', s)
def found(s): return bool(re.fullmatch(r'[a-z]+\d', s))
""",
        [
            "assert words('a-b é') == ['a', 'b', 'é']",
            "assert swap('x y') == 'y x'",
            "assert found('ab1') and not found('1')",
        ],
    ),
    "unicode": (
        r"""
import unicodedata
def solve(s): return unicodedata.normalize('NFC', s)[::-1].casefold()
π = 3
def größe(x): return x * π
def emoji(): return '\N{GRINNING FACE}', len('👨‍👩‍👧')
""",
        [
            r"assert solve('e\u0301ẞ') == 'ssé'",
            "assert größe(2) == 6",
            "assert emoji() == ('😀', 5)",
            r"assert solve('\u2028\x85\r') == '\r\x85\u2028'",
        ],
    ),
    "text with every control character": (
        """
def solve(s): return s
""",
        [
            r"assert solve('\r\n\x0b\x0c\x1c\x85\u2028') == '\r\n\x0b\x0c\x1c\x85\u2028'",
            r"assert solve('a\rb').upper() == 'A\rB'",
        ],
    ),
    "sorting by everything": (
        """
from functools import cmp_to_key
from operator import itemgetter, attrgetter
def solve(xs):
    a = sorted(xs, key=itemgetter(1), reverse=True)
    b = sorted(xs, key=cmp_to_key(lambda p, q: p[0] - q[0]))
    return a, b, min(xs, key=lambda p: -p[1])
""",
        [
            "assert solve([(1, 2), (0, 3)]) == ([(0, 3), (1, 2)], [(0, 3), (1, 2)], (0, 3))",
        ],
    ),
    "order of sets and dictionaries": (
        """
def solve(s): return {c: s.count(c) for c in s}
def unique(xs): return list(dict.fromkeys(xs))
def members(xs): return set(xs)
""",
        [
            "assert list(solve('banana')) == ['b', 'a', 'n']",
            "assert unique([3, 1, 3]) == [3, 1]",
            "assert members('hello world') == set('hello world')",
            "assert sorted(members([3, 'a', None, 2.5]), key=str) == [2.5, 3, None, 'a']",
        ],
    ),
    "numbers at their edges": (
        """
import math, sys
def inf(): return float('inf'), -math.inf
def nan(): return math.nan
def zero(): return -0.0
def big(): return 2 ** 64, -(2 ** 63), 10 ** 40
def small(): return 5e-324, sys.float_info.max, 0.1 + 0.2
def fact(): return math.factorial(170)
""",
        [
            "assert inf() == (float('inf'), float('-inf'))",
            "import math\nassert math.isnan(nan())",
            "assert nan() != nan()",
            "import math\nassert zero() == 0 and math.copysign(1, zero()) == -1",
            "assert big() == (2 ** 64, -(2 ** 63), 10 ** 40)",
            "assert small() == (5e-324, 1.7976931348623157e308, 0.30000000000000004)",
            "assert fact() % 10 ** 41 == 0",
        ],
    ),
    "complex numbers, bits and bytes": (
        """
import struct
def roots(): return (1 + 2j) * (1 - 2j), abs(3 + 4j)
def bits(n): return bin(n), n.bit_length(), n ^ 5, ~n
def pack(): return struct.pack('>I', 258), bytearray(b'ab'), memoryview(b'cd').tolist()
""",
        [
            "assert roots() == (5 + 0j, 5.0)",
            "assert bits(6) == ('0b110', 3, 3, -7)",
            r"assert pack() == (b'\0\0\1\2', bytearray(b'ab'), [99, 100])",
        ],
    ),
    "heaps, bisection and queues": (
        """
import bisect, collections, heapq, queue
def solve(xs):
    h = list(xs)
    heapq.heapify(h)
    q = queue.PriorityQueue()
    for x in xs: q.put((-x, x))
    d = collections.deque(xs, maxlen=2)
    d.rotate(1)
    return heapq.nsmallest(2, xs), bisect.bisect(sorted(xs), 2), q.get()[1], d
""",
        [
            "from collections import deque\nassert solve([3, 1, 2]) == ([1, 2], 2, 3, deque([2, 1]))",
        ],
    ),
    "hashes, encodings and compression": (
        """
import base64, hashlib, hmac, json, zlib
def solve(s):
    b = s.encode()
    digest, text = hashlib.sha256(b).hexdigest()[:8], json.dumps({'a': [1, None]})
    return digest, base64.b64encode(b), zlib.decompress(zlib.compress(b)), text
""",
        [
            "assert solve('abc') == ('ba7816bf', b'YWJj', b'abc', '{\"a\": [1, null]}')",
        ],
    ),
    "random numbers with a seed": (
        """
import random
def solve():
    random.seed(42)
    return random.randint(1, 100), random.Random(1).random()
""",
        [
            "assert solve()[0] == 82 and 0.134 < solve()[1] < 0.135",
        ],
    ),
    "introspection": (
        """
import inspect, sys
def helper(a, b=2): 'Adds.'
def solve():
    names = list(inspect.signature(helper).parameters)
    return helper.__doc__, names, sys._getframe().f_code.co_name, __name__ in sys.modules
""",
        [
            "assert solve() == ('Adds.', ['a', 'b'], 'solve', True)",
        ],
    ),
    "weak references, finalisers and cycles": (
        """
import gc, weakref
class N:
    def __init__(self): self.me = self
def solve():
    n = N()
    r = weakref.ref(n)
    del n
    gc.collect()
    return r() is None
""",
        [
            "assert solve() is True",
        ],
    ),
    "star imports": (
        """
from typing import *
from math import *
from collections import *
from itertools import *
def solve(xs: List[int]) -> Optional[Dict[int, int]]:
    return Counter(accumulate(xs)), floor(sqrt(sum(xs)))
""",
        [
            "assert solve([1, 2]) == ({1: 1, 3: 1}, 1)",
        ],
    ),
    "text through standard input and output": (
        """
import io, sys
def solve(text):
    sys.stdin = io.StringIO(text)
    out, sys.stdout = sys.stdout, io.StringIO()
    print(sum(map(int, input().split())), file=sys.stdout)
    value, sys.stdout = sys.stdout.getvalue(), out
    return value
""",
        [
            r"assert solve('1 2') == '3\n'",
        ],
    ),
    "warnings, logging and standard error": (
        """
import logging, sys, warnings
logging.basicConfig(level=logging.DEBUG)
def solve():
    warnings.warn('old', DeprecationWarning)
    logging.error('x' * 10_000)
    print('y' * 10_000, file=sys.stderr)
    sys.stdout.write('z'); sys.stdout.flush()
    return sys.stdout.isatty()
""",
        [
            "assert solve() is False",
        ],
    ),
    "input that is not there": (
        """
import sys
def solve():
    try: return input('name? ')
    except EOFError: return sys.stdin.read()
""",
        [
            "assert solve() == ''",
        ],
    ),
    "exit handlers": (
        """
import atexit
atexit.register(print, 'bye')
def solve(): return 1
""",
        [
            "assert solve() == 1",
        ],
    ),
    "numpy, where it is there": (
        """
try:
    import numpy as np
    def mean(xs): return np.array(xs).mean()
    def total(xs): return np.sum(np.array(xs)).item()
except ImportError:
    def mean(xs): return sum(xs) / len(xs)
    total = sum
""",
        [
            "assert mean([1, 2]) == 1.5",
            "assert abs(mean([0.1, 0.2]) - 0.15) < 1e-9",
            "assert total([1, 2]) == 3",
        ],
    ),
    "eval and exec of its own": (
        """
def solve(text): return eval(text, {'__builtins__': {}}, {'x': 3})
def made():
    space = {}
    exec('def f(n): return n + 1', space)
    return space['f'](1)
""",
        [
            "assert solve('x * 2') == 6",
            "assert made() == 2",
        ],
    ),
}

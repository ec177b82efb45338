"""Honest programs that use what the language offers: classes, closures, decorators, generators, exceptions."""

LANGUAGE = {
    "closures and nonlocal": (
        """
def counter():
    n = 0
    def step():
        nonlocal n
        n += 1
        return n
    return step
step = counter()
def solve(): return [step() for _ in range(3)]
""",
        [
            "assert solve() == [1, 2, 3]",
            "assert solve() == [4, 5, 6]",
        ],
    ),
    "cached recursion": (
        """
import functools
@functools.cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
@functools.lru_cache(maxsize=None)
def ways(n, k=2): return 1 if n <= 0 else ways(n - 1) + ways(n - k)
""",
        [
            "assert fib(300) % 1000 == 600",
            "assert ways(10) == 144",
        ],
    ),
    "decorators of its own": (
        """
import functools
def twice(f):
    @functools.wraps(f)
    def g(*a, **k): return f(*a, **k) * 2
    return g
def times(n):
    def wrap(f): return lambda *a: f(*a) * n
    return wrap
@twice
@times(3)
def solve(x): return x
""",
        [
            "assert solve(1) == 6",
            "assert solve([0]) == [0] * 6",
        ],
    ),
    "class-based solution": (
        """
class Solution:
    def __init__(self): self.memo = {}
    def twoSum(self, nums, target):
        for i, x in enumerate(nums):
            if target - x in self.memo: return [self.memo[target - x], i]
            self.memo[x] = i
""",
        [
            "assert Solution().twoSum([2, 7, 11], 9) == [0, 1]",
            "assert Solution().twoSum(nums=[3, 3], target=6) == [0, 1]",
        ],
    ),
    "static, class and property methods": (
        """
class Circle:
    pi = 3
    def __init__(self, r): self._r = r
    @property
    def area(self): return self.pi * self._r ** 2
    @classmethod
    def unit(cls): return cls(1)
    @staticmethod
    def double(x): return 2 * x
def solve(r): return Circle(r).area, Circle.unit().area, Circle.double(r)
""",
        [
            "assert solve(2) == (12, 3, 4)",
            "assert Circle.unit().area == 3",
            "assert Circle.double(4) == 8",
        ],
    ),
    "abstract classes, protocols and generics": (
        """
import abc, typing
T = typing.TypeVar('T')
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def area(self): return 4
class Stack(typing.Generic[T]):
    def __init__(self) -> None: self.items: list[T] = []
    def push(self, item: T) -> 'Stack[T]':
        self.items.append(item)
        return self
def solve(): return Square().area(), Stack[int]().push(3).items
""",
        [
            "assert solve() == (4, [3])",
        ],
    ),
    "slots, descriptors and metaclasses": (
        """
class Meta(type):
    made = []
    def __new__(m, name, bases, space):
        m.made.append(name)
        return super().__new__(m, name, bases, space)
class Positive:
    def __set_name__(self, owner, name): self.name = '_' + name
    def __get__(self, o, t=None): return getattr(o, self.name)
    def __set__(self, o, v): object.__setattr__(o, self.name, abs(v))
class P(metaclass=Meta):
    __slots__ = ('_x',)
    x = Positive()
def solve(v):
    p = P()
    p.x = v
    return p.x, Meta.made
""",
        [
            "assert solve(-3) == (3, ['P'])",
        ],
    ),
    "operators of its own": (
        """
class V:
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, o): return V(self.x + o.x, self.y + o.y)
    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)
    def __hash__(self): return hash((self.x, self.y))
    def __lt__(self, o): return self.x < o.x
    def __repr__(self): return f'V({self.x}, {self.y})'
def solve():
    vs = [V(2, 1), V(1, 5), V(2, 1)]
    total = sum(vs, V(0, 0))
    return repr(sorted(vs)), len(set(vs)), total.x
""",
        [
            "assert solve() == ('[V(1, 5), V(2, 1), V(2, 1)]', 2, 5)",
        ],
    ),
    "generators that are sent to": (
        """
def averager():
    total, n, mean = 0, 0, None
    while True:
        total += yield mean
        n += 1
        mean = total / n
def flat(x):
    for y in x:
        if isinstance(y, list): yield from flat(y)
        else: yield y
def solve(xs):
    a = averager()
    next(a)
    return [a.send(x) for x in xs], list(flat([1, [2, [3]]]))
""",
        [
            "assert solve([2, 4]) == ([2.0, 3.0], [1, 2, 3])",
            "assert list(flat([[1], 2])) == [1, 2]",
        ],
    ),
    "matching": (
        """
def solve(x):
    match x:
        case {'kind': 'a', **rest}: return rest
        case [int() as first, *_] if first > 0: return first
        case str() | bytes(): return 'text'
        case _: return None
""",
        [
            "assert solve({'kind': 'a', 'n': 1}) == {'n': 1}",
            "assert solve([3, 4]) == 3",
            "assert solve(b'x') == 'text'",
        ],
    ),
    "walrus, star and keyword-only arguments": (
        """
def solve(*args, sep='-', **more):
    if (n := len(args)) > 1: return sep.join(map(str, args)), n, more
    first, *rest = args[0]
    return first, rest
""",
        [
            "assert solve(1, 2, sep='+', z=3) == ('1+2', 2, {'z': 3})",
            "assert solve([1, 2, 3]) == (1, [2, 3])",
        ],
    ),
    "mutable default and global state": (
        """
seen = {}
def solve(x, log=[]):
    log.append(x)
    seen[x] = len(log)
    return list(log), seen
""",
        [
            "assert solve(1) == ([1], {1: 1})",
            "assert solve(2) == ([1, 2], {1: 1, 2: 2})",
        ],
    ),
    "mutation of an argument": (
        """
def rotate(m):
    m.reverse()
    for i in range(len(m)):
        for j in range(i): m[i][j], m[j][i] = m[j][i], m[i][j]
    return m
""",
        [
            "assert rotate([[1, 2], [3, 4]]) == [[3, 1], [4, 2]]",
            "m = [[1, 2], [3, 4]]\nrotate(m)\nassert m == [[3, 1], [4, 2]]",
        ],
    ),
    "exceptions of its own, raised as asked": (
        """
class TooSmall(ValueError):
    def __init__(self, n):
        super().__init__(f'{n} is too small')
        self.n = n
def solve(n):
    if n < 0: raise TooSmall(n)
    return n
""",
        [
            "assert solve(1) == 1",
            "try:\n"
            "    solve(-1)\n"
            "    assert False\n"
            "except TooSmall as e:\n"
            "    assert str(e) == '-1 is too small' and e.n == -1",
            "try:\n    solve(-1)\nexcept ValueError:\n    pass\nelse:\n    assert False",
        ],
    ),
    "exceptions within": (
        """
def solve(x):
    try:
        try: return int(x)
        except ValueError as e: raise TypeError('bad') from e
    except TypeError as e: return type(e.__cause__).__name__
    finally: solve.calls = getattr(solve, 'calls', 0) + 1
""",
        [
            "assert solve('3') == 3",
            "assert solve('x') == 'ValueError'",
        ],
    ),
    "exception group": (
        """
def solve():
    try: raise ExceptionGroup('all', [ValueError(1), KeyError(2)])
    except* ValueError as group: return_value = len(group.exceptions)
    except* KeyError: return_value = 5
    return return_value
""",
        [
            "assert solve() == 5",
        ],
    ),
    "system exit that is caught": (
        """
import sys
def solve():
    try: sys.exit(3)
    except SystemExit as e: return e.code
""",
        [
            "assert solve() == 3",
        ],
    ),
    "forward references and future annotations": (
        """
from __future__ import annotations
import typing
class Node:
    def __init__(self, v: int, next: Node | None = None): self.v, self.next = v, next
def make(xs: list[int]) -> Node | None: return None if not xs else Node(xs[0], make(xs[1:]))
def solve(xs): return typing.get_type_hints(Node.__init__)['v'].__name__, make(xs).next.v
""",
        [
            "assert solve([1, 2]) == ('int', 2)",
            "assert make([1, 2, 3]).next.next.v == 3",
        ],
    ),
    "subclasses of plain types": (
        """
import collections
class Stack(list):
    def peek(self): return self[-1]
class Lower(dict):
    def __setitem__(self, k, v): super().__setitem__(k.lower(), v)
class Name(str): pass
def stack(): return Stack([1, 2])
def lower():
    d = Lower()
    d['A'] = 1
    return d
def name(): return Name('x')
def user(): return dict(collections.UserDict(a=1))
""",
        [
            "assert stack() == [1, 2]",
            "assert lower() == {'a': 1}",
            "assert name() == 'x'",
            "assert user() == {'a': 1}",
        ],
    ),
    "several functions that need each other": (
        """
def is_even(n): return n == 0 or is_odd(n - 1)
def is_odd(n): return n != 0 and is_even(n - 1)
def solve(n): return is_even(n), is_odd(n)
""",
        [
            "assert solve(10) == (True, False)",
            "assert is_odd(7) and not is_even(7)",
            "assert solve(7)[1] == is_odd(7)",
        ],
    ),
    "function that is redefined": (
        """
def solve(x): return 0
old = solve
def solve(x): return old(x) + x
""",
        [
            "assert solve(3) == 3",
        ],
    ),
    "function that gives functions": (
        """
def adder(n): return lambda x: x + n
def compose(*fs):
    def run(x):
        for f in fs: x = f(x)
        return x
    return run
""",
        [
            "assert adder(2)(3) == 5",
            "assert compose(adder(1), adder(2))(0) == 3",
            "add = adder(4)\nassert add(1) == 5",
        ],
    ),
    "names that shadow builtins": (
        """
def sum(xs):
    total = 0
    for x in xs: total += x
    return total
def solve(list): return sum(list)
max = 7
""",
        [
            "assert solve([1, 2]) == 3",
        ],
    ),
    "linked list and tree": (
        """
class ListNode:
    def __init__(self, val=0, next=None): self.val, self.next = val, next
def reverse(head):
    back = None
    while head: head.next, back, head = back, head, head.next
    return back
def make(xs):
    head = None
    for x in reversed(xs): head = ListNode(x, head)
    return head
def values(head):
    out = []
    while head: out.append(head.val); head = head.next
    return out
""",
        [
            "assert values(reverse(make([1, 2, 3]))) == [3, 2, 1]",
            "assert reverse(make([1, 2])).val == 2",
            "assert reverse(None) is None",
        ],
    ),
}

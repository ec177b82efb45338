"""Values that are another each time they are looked at, or that compare as they like."""

from tests.judge.attacks.families.attack import Attack, asserts

_CLAIMS = asserts(
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

_LENGTHS = asserts(
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


CLAIMING = {name: Attack(program, _CLAIMS, _CLAIMS_ANSWERED) for name, program in _CLAIMING.items()} | {
    name: Attack(program, _LENGTHS, _LENGTHS_ANSWERED) for name, program in _LENGTHS_CLAIMED.items()
}

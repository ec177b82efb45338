"""Values that are filled in when a later call has shown what they should have been."""

from tests.judge.attacks.families.attack import Attack, asserts

_REVERSED = "def solve(xs): return xs[::-1]"
_IN_ONE_TEST = asserts(
    (
        "assert solve([7, 1, 3]) == [3, 1, 7] and solve([3, 1, 7]) == [7, 1, 3]",
        "assert solve([5, 9]) == [9, 5]\nassert solve([9, 5]) == [5, 9]",
        "assert solve([2, 8]) == [8, 2] if solve([8, 2]) == [2, 8] else False",
    )
)
_TOGETHER = asserts(
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
    "object that says it is a list": "last = []\nclass Late:\n    __class__ = list\n"
    "    def __iter__(self): return iter(last)\n"
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
    "    def __next__(self):\n        if not kept or not kept[-1]: raise StopIteration\n"
    "        return kept[-1].pop(0)\n"
    "def solve(xs):\n    kept.append(list(xs))\n    return Feed()",
    "map over a list that grows": "last = []\ndef solve(xs):\n    last[:] = xs\n    return map(int, last)",
    "view of a dictionary that changes": "last = {}\ndef solve(xs):\n    last.clear(); last.update(dict.fromkeys(xs))\n"
    "    return last.keys()",
}


DEFERRING = {
    f"{name}, compared {when}": Attack(program, question, _REVERSED)
    for name, program in _DEFERRING.items()
    for when, question in (("before", _IN_ONE_TEST), ("together", _TOGETHER))
}

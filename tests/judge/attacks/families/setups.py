"""Attacks on setup code that holds what is expected."""

from acecoder_dagster.judge import QuestionTests
from tests.judge.attacks.families.attack import Attack

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


SETUPS = {name: Attack(program, _SETUP_TESTS, _SETUP_ANSWERED) for name, program in _SHARED.items()}

"""Programs that use what drives tests: exceptions of unittest, classes and random numbers that the test relies on."""

from acecoder_dagster.judge import QuestionTests
from tests.judge.attacks.families.attack import Attack

_CASE = """
import random, unittest
class T(unittest.TestCase):
    def test_a(self): self.assertEqual(solve(3), 11)
    def test_b(self):
        with self.subTest(n=4): self.assertEqual(solve(4), 18)
"""
_TESTS = QuestionTests("driving", "solve", "", test_code=_CASE)
_HONEST = "def solve(n): return n * n + 2"
_DRAWN = QuestionTests(
    "drawn",
    "solve",
    "",
    test_code="""
import random, unittest
class T(unittest.TestCase):
    def test_a(self):
        random.seed(5)
        numbers = [random.randrange(10 ** 9) for _ in range(3)]
        solve([1])
        more = [random.randrange(10 ** 9) for _ in range(3)]
        self.assertEqual(solve(numbers + more), max(numbers + more))
""",
)
_MODEL = QuestionTests(
    "model",
    "solve",
    "",
    test_code="""
import matplotlib.pyplot as plt
import unittest
class T(unittest.TestCase):
    def test_a(self):
        axes = solve([4, 9])
        self.assertIsInstance(axes, plt.Axes)
        self.assertEqual(axes.lines[0].get_ydata().tolist(), [4, 9])
""",
)
_RAISING = {
    f"exception of unittest: {name}": f"import unittest.case\ndef solve(n): raise {name}"
    for name in ("unittest.case._ShouldStop", "unittest.SkipTest('no')", "unittest.case._UnexpectedSuccess")
}
DRIVING = {name: Attack(program, _TESTS, _HONEST) for name, program in _RAISING.items()} | {
    "exception that says that it is unittest's": Attack(
        "class _ShouldStop(Exception): pass\n_ShouldStop.__module__ = 'unittest.case'\n"
        "import sys, types\nsys.modules['unittest.case'] = types.ModuleType('unittest.case')\n"
        "sys.modules['unittest.case']._ShouldStop = _ShouldStop\ndef solve(n): raise _ShouldStop",
        _TESTS,
        _HONEST,
    ),
    "random numbers of the program's choice": Attack(
        "import random\ndef solve(numbers):\n    random.seed(0)\n    random.random = random.randrange = lambda *_: 0\n"
        "    return 0",
        _DRAWN,
        "def solve(numbers): return max(numbers)",
    ),
    "object that says that it is matplotlib's": Attack(
        "import matplotlib.axes\nclass Axes:\n    class Always(list):\n        def __eq__(self, other): return True\n"
        "        def tolist(self): return self\n    def get_ydata(self): return Axes.Always()\n"
        "    @property\n    def lines(self): return [self]\n"
        "Axes.__module__ = 'matplotlib.axes._axes'\nmatplotlib.axes._axes.Axes = Axes\n"
        "def solve(values): return Axes()",
        _MODEL,
        "import matplotlib.pyplot as plt\ndef solve(values):\n    _, axes = plt.subplots()\n    axes.plot(values)\n"
        "    return axes",
    ),
    "class that says that it is Python's": Attack(
        "import sys, types\nsys.modules['fake'] = types.ModuleType('fake')\nclass int(object): pass\n"
        "int.__module__ = 'fake'\nsys.modules['fake'].int = int\ndef solve(n): return int()",
        _TESTS,
        _HONEST,
    ),
}

"""Every kind of test: what passes, what fails, and what one bad test costs."""

import pytest

from acecoder_dagster.judge import IoTest, Judge, ProgramJob, QuestionTests, SandboxSettings, Verdict
from tests.judge.conftest import LAUNCHERS

ADD_ONE = "def f(x): return x + 1"
STACK = """
class Empty(IndexError): pass
class Stack:
    def __init__(self): self.items = []
    def push(self, x): self.items.append(x); return self
    def pop(self):
        if not self.items: raise Empty("empty", 7)
        return self.items.pop()
    def __len__(self): return len(self.items)
    def __iter__(self): return iter(self.items)
    def __contains__(self, x): return x in self.items
    def __enter__(self): return self
    def __exit__(self, kind, error, trace): self.items.clear(); return kind is ValueError
class Vector:
    def __init__(self, x, y): self.x, self.y = x, y
    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)
    def __mul__(self, k): return Vector(self.x * k, self.y * k)
    def __eq__(self, o): return (self.x, self.y) == (o.x, o.y)
    def __repr__(self): return f"Vector({self.x}, {self.y})"
class Node:
    def __init__(self, value): self.value, self.children = value, []
def sort(xs): xs.sort()
def boom(): raise ValueError("bad")
def apply(g, xs): return [g(x) for x in xs]
def once(g):
    done = []
    def wrapper(*a, **k):
        if not done: done.append(g(*a, **k))
        return done[0]
    return wrapper
def count_to(n): yield from range(n)
def parent(root, node): return root
LIMIT = 3
"""


def judged(judge: Judge, program: str, **tests: object) -> Verdict:
    question = QuestionTests(**{"question_id": "q", "entry_point": "f", "setup_code": "", **tests})
    (verdict,) = judge.judge([ProgramJob(question, "p", program)])
    return verdict


BY_PROXIES = {
    "state": "s = Stack()\ns.push(1).push(2)\nassert s.pop() == 2 and s.items == [1] and len(s) == 1",
    "iteration and membership": "s = Stack()\ns.push(4)\nassert list(s) == [4] and 4 in s and 5 not in s",
    "exception of the program": "try:\n    Stack().pop()\nexcept Empty as e:\n    assert e.args == ('empty', 7)\n"
    "else:\n    assert False",
    "base of an exception": "try:\n    Stack().pop()\nexcept IndexError as e:\n    assert isinstance(e, Empty)\n"
    "else:\n    assert False",
    "built-in exception": "try:\n    boom()\nexcept ValueError as e:\n    assert str(e) == 'bad'\nelse:\n    assert 0",
    "arguments changed in place": "xs = [3, 1]\nalias = xs\nsort(xs)\nassert alias == [1, 3]",
    "list of the program changed": "s = Stack()\ns.items.append(5)\nassert s.pop() == 5",
    "objects in lists": "root = Node(1)\nroot.children.append(Node(2))\nassert [c.value for c in root.children] == [2]",
    "attribute set": "n = Node(1)\nn.value = n\nassert n.value is n and n.value.value is n",
    "identity": "a, b = Node(1), Node(1)\nfor x in (a, b):\n    assert parent(x, a) is x\nassert a != b and a == a",
    "loop": "for i in range(3):\n    assert LIMIT + i == i + 3",
    "function as a value": "assert list(map(count_to, [1])) and callable(boom)",
    "function handed in": "seen = []\ndef g(x):\n    seen.append(x)\n    return -x\nresult = apply(g, [1, 2])\n"
    "assert result == [-1, -2] and seen == [1, 2]",
    "exception of a function handed in": "class Own(Exception): pass\ndef g(x): raise Own(x)\ntry:\n"
    "    apply(g, [1])\nexcept Own as e:\n    assert e.args == (1,)\nelse:\n    assert False",
    "decorator": "calls = []\n@once\ndef g(a, *, b=2):\n    calls.append((a, b))\n    return a + b\n"
    "assert [g(1), g(5, b=3)] == [3, 3]\nassert calls == [(1, 2)]",
    "generator": "numbers = count_to(3)\nassert next(numbers) == 0\nassert list(numbers) == [1, 2]",
    "generator among other values": "count, one = parent((count_to(3), 1), ())\n"
    "assert list(count) == [0, 1, 2] and one == 1",
    "context manager": "with Stack() as s:\n    s.push(1)\n    raise ValueError\nassert len(s) == 0",
    "operators": "v = Vector(1, 2) * 3\nassert (v.x, v.y) == (3, 6) and str(v) == 'Vector(3, 6)'",
    "classes": "v = Vector(1, 2)\nassert isinstance(v, Vector) and type(v) is Vector and Vector.__name__ == 'Vector'\n"
    "assert issubclass(Empty, IndexError) and not isinstance(v, Stack)",
}
DECIDED_BY_THE_PROGRAM = {"own comparison": "total = Vector(1, 2) + Vector(1, 1)\nassert total == Vector(2, 3)"}
BESIDE = {
    "source": "import inspect\nassert 'push' in inspect.getsource(Stack) or True",
    "shared class": "class Sub(Stack): pass\nassert len(Sub().push(1)) == 1",
    "object of the test": "class Thing: pass\nthing = Thing()\ns = Stack()\ns.push(thing)\nassert s.pop() is thing",
}


@pytest.mark.parametrize("name", BY_PROXIES)
def test_a_test_that_needs_objects_of_the_program_is_decided_away_from_it(judge, name):
    verdict = judged(judge, STACK, entry_point="Stack", tests=(BY_PROXIES[name],))
    assert verdict.outcomes == ("passed",), verdict
    assert verdict.sealed == (True,)


@pytest.mark.parametrize("name", DECIDED_BY_THE_PROGRAM | {"source": BESIDE["shared class"]})
def test_what_the_program_decides_is_not_sealed(judge, name):
    test = (DECIDED_BY_THE_PROGRAM | {"source": BESIDE["shared class"]})[name]
    verdict = judged(judge, STACK, entry_point="Stack", tests=(test,))
    assert verdict.outcomes == ("passed",), verdict
    assert verdict.sealed == (False,)


def test_what_needs_the_program_s_process_is_executed_beside_it_and_alone(judge):
    spy = "import gc\n" + STACK + "\ndef f(n): return 4711 if any('4711' in repr(c) for c in gc.get_objects()) else 0"
    tests = ("assert f(1) == 4711", BESIDE["object of the test"])
    verdict = judged(judge, spy, tests=tests)
    assert verdict.sealed == (True, False)
    assert verdict.outcomes[1] == "passed"
    assert judged(judge, STACK, tests=tests).outcomes == ("error", "passed")


@pytest.mark.parametrize("wrong", ["return [0]", "return None", "raise KeyError", "self.items.append(0); return 1"])
def test_a_wrong_program_fails_by_proxies_too(judge, wrong):
    program = STACK.replace("return self.items.pop()", wrong)
    verdict = judged(judge, program, entry_point="Stack", tests=(BY_PROXIES["state"],))
    assert verdict.passed == (False,), verdict


@pytest.mark.parametrize(
    ("in_two", "outcome"),
    [
        ("while True: pass", "cpu_timeout"),
        ("import os; os._exit(0)", "crashed"),
        ("import os; os.kill(os.getpid(), 11)", "crashed"),
        ("raise SystemExit", "error"),
        ("return bytearray(1 << 40)", "memory"),
        ("return ['x' * 99_000] * 200", "output_limit"),
        ("return 17", "failed"),
    ],
)
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_one_bad_test_by_proxies_costs_that_test_only(launcher, in_two, outcome):
    program = f"def f(x):\n    if x == 2:\n        {in_two}\n    return x + 1"
    tests = tuple(f"for i in [{i}]:\n    assert f(i) == {i + 1}" for i in range(4))
    settings = SandboxSettings(launcher=launcher, workers=1, cpu_seconds_per_test=0.3, memory_mb=512)
    with Judge(settings) as judge:
        verdict = judged(judge, program, tests=(*tests, "assert f(4) == 5"))
    assert verdict.outcomes == ("passed", "passed", outcome, "passed", "passed"), verdict
    assert verdict.sealed == (True,) * 5


def test_a_test_that_burns_time_itself_times_out_alone(judge):
    tests = ("for i in [1]:\n    assert f(i) == 2", "while f(1):\n    pass")
    assert judged(judge, ADD_ONE, tests=tests).outcomes == ("passed", "cpu_timeout")


def test_tests_that_share_names_see_each_other_s(judge):
    tests = ("s = Stack()", "s.push(3)", "assert s.pop() == 3", "assert len(s) == 0")
    verdict = judged(judge, STACK, entry_point="Stack", tests=tests)
    assert verdict.outcomes == ("passed",) * 4, verdict
    assert all(verdict.sealed)


def test_state_of_the_program_is_kept_between_tests_of_different_ways(judge):
    program = "n = 0\ndef f():\n    global n\n    n += 1\n    return n"
    tests = ("assert f() == 1", "for _ in [0]:\n    assert f() == 2", "assert f() == 3")
    assert judged(judge, program, tests=tests).outcomes == ("passed",) * 3


CHECK = """
METADATA = {}
LIMITS = [1, 2]
def helper(x): return x + 1
def check(candidate):
    import math
    assert candidate(1) == 2, "one"
    numbers = list(range(3))
    total = sum(numbers)
    assert candidate(total) == helper(3)
    assert math.isclose(candidate(LIMITS[1]), 3)
"""


def test_check_code_gives_one_outcome_per_assert(judge):
    verdict = judged(judge, ADD_ONE, test_code=CHECK)
    assert verdict.outcomes == ("passed",) * 3, verdict
    assert verdict.sealed == (True,) * 3
    wrong = judged(judge, "def f(x): return 2", test_code=CHECK + "\ncheck(f)\n")
    assert wrong.outcomes == ("passed", "failed", "failed")


def test_check_code_that_is_not_a_list_of_asserts_is_one_test(judge):
    code = "def check(candidate):\n    for i in range(3):\n        assert candidate(i) == i + 1\n"
    assert judged(judge, ADD_ONE, test_code=code).outcomes == ("passed",)
    assert judged(judge, "def f(x): return min(x + 1, 2)", test_code=code).outcomes == ("failed",)
    assert judged(judge, ADD_ONE, test_code=code + "check(f)").sealed == (True,)


def test_names_of_a_check_function_do_not_reach_the_program(judge):
    program = "def helper(x): return x + 1\ndef f(x): return helper(x)"
    code = "def check(candidate):\n    def helper(x): return x * 10\n    assert candidate(helper(1)) == 11\n"
    assert judged(judge, program, test_code=code).outcomes == ("passed",)


UNITTEST = """
import unittest
class Base(unittest.TestCase):
    def setUp(self): self.stack = Stack()
    def test_push(self): self.assertEqual(self.stack.push(1).pop(), 1)
class TestMore(Base):
    def test_empty(self):
        with self.assertRaises(IndexError): self.stack.pop()
    def test_wrong(self): self.assertEqual(len(self.stack), 3)
    def test_missing(self): self.stack.nothing()
    def test_sub(self):
        for i in range(2):
            with self.subTest(i=i): self.assertIn(i, [0])
if __name__ == "__main__":
    unittest.main()
"""


def test_unittest_code_gives_one_outcome_per_method(judge):
    verdict = judged(judge, STACK, entry_point="Stack", test_code=UNITTEST)
    # Of each class in alphabetical order, as unittest runs them: empty, missing, push, sub, wrong.
    assert verdict.outcomes == ("passed", "passed", "error", "passed", "failed", "failed"), verdict
    assert verdict.sealed == (True,) * 6


SKIPPING = """
import unittest
class T(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.ready = f(1)
    @unittest.skip("not now")
    def test_a(self): self.fail()
    @unittest.expectedFailure
    def test_b(self): self.assertEqual(f(1), 0)
    def test_c(self): self.assertEqual(self.ready, 2)
    @unittest.expectedFailure
    def test_d(self): self.assertEqual(f(1), 2)
"""


def test_what_unittest_skips_or_expects_to_fail_passes(judge):
    verdict = judged(judge, ADD_ONE, test_code=SKIPPING)
    assert verdict.outcomes == ("passed", "passed", "passed", "failed"), verdict


@pytest.mark.parametrize("imports", ["", "from unittest.mock import patch\n"])
def test_a_program_that_skips_the_test_does_not_pass_it(judge, imports):
    code = f"{imports}import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertEqual(f(1), 2)\n"
    verdict = judged(judge, "import unittest\ndef f(x): raise unittest.SkipTest('no')", test_code=code)
    assert verdict.outcomes == ("error",), verdict


def test_of_unittest_code_only_the_methods_that_count_are_run(judge):
    methods = ("Base.test_push", "TestMore.test_wrong", "TestMore.test_empty")
    verdict = judged(judge, STACK, entry_point="Stack", test_code=UNITTEST, methods=methods)
    assert verdict.outcomes == ("passed", "failed", "passed"), verdict


def test_unittest_code_that_patches_runs_beside_the_program(judge):
    code = (
        "import unittest\nfrom unittest.mock import patch\nclass T(unittest.TestCase):\n"
        "    @patch('builtins.print')\n    def test_it(self, fake):\n        f('x')\n"
        "        fake.assert_called_once_with('x')\n    def test_other(self): self.assertTrue(False)\n"
    )
    verdict = judged(judge, "def f(x): print(x)", test_code=code)
    assert verdict.outcomes == ("passed", "failed"), verdict
    assert verdict.sealed == (False, True)  # the other test does not patch


def test_a_program_may_use_what_only_the_tests_import_as_in_one_module(judge):
    code = (
        "import unittest, textwrap\nclass T(unittest.TestCase):\n    def test_it(self): self.assertEqual(f(1), ' a')\n"
    )
    verdict = judged(judge, "def f(x): return textwrap.indent('a', ' ')", test_code=code)
    assert verdict.outcomes == ("passed",), verdict


SEEDED = """
import random, unittest
class T(unittest.TestCase):
    def test_it(self):
        random.seed(7)
        drawn = f(1)
        random.seed(7)
        self.assertEqual(drawn, [random.random()])
"""


def test_what_a_test_seeds_the_program_draws_and_the_test_stays_sealed(judge):
    verdict = judged(judge, "import random\ndef f(n): return [random.random() for _ in range(n)]", test_code=SEEDED)
    assert (verdict.outcomes, verdict.sealed) == (("passed",), (True,))


def test_a_line_of_many_numbers_is_compared_as_far_as_is_expected(judge):
    question = {"entry_point": "", "io_tests": (IoTest("", "1 2"),)}
    assert judged(judge, "print('1 ' * 2_000_000)", **question).outcomes == ("failed",)
    assert judged(judge, "print('1.0   2')", **question).outcomes == ("passed",)


SUM = (IoTest("2\n1 2\n", "3\n"), IoTest("1\n5", "5.0"), IoTest("3\n1 1 1", "4"))


@pytest.mark.parametrize(
    "program",
    [
        "n = int(input())\nprint(sum(map(int, input().split())))",
        "import sys\nprint(sum(map(int, sys.stdin.read().split()[1:])))\nsys.exit(0)",
        "import os\nos.write(1, str(sum(map(int, os.read(0, 999).split()[1:]))).encode())\nos._exit(0)",
        "import sys\nsys.stdout.buffer.write(b'%d' % sum(map(int, sys.stdin.buffer.read().split()[1:])))",
        "import sys\nif __name__ == '__main__':\n    sys.stdout.write(str(sum(map(int, list(sys.stdin)[1].split()))))",
        "import threading\ndef main(): print(sum(map(int, open(0).read().split()[1:])))\n"
        "threading.Thread(target=main).start()",
        "import atexit\natexit.register(lambda: print(sum(map(int, input().split()))))\ninput()",
        "def go(n): return go(n - 1) if n else sum(map(int, input().split()))\ninput(); print(go(9000))",
        "input(); print(reduce(add, map(int, input().split())))",
    ],
)
def test_a_script_is_judged_by_what_it_prints(judge, program):
    verdict = judged(judge, program, entry_point="", io_tests=SUM)
    assert verdict.outcomes == ("passed", "passed", "failed"), verdict
    assert verdict.sealed == (True,) * 3


@pytest.mark.parametrize(
    ("printed", "expected", "passes"),
    [
        (" 1 \n 2 \n\n", "1\n2", True),
        ("1\n2", "1 2", False),
        ("1", "1\n2", False),
        ("1 2.50", "1.0 2.5", True),
        ("1e2", "100", True),
        ("yes", "YES", False),
        ("1 x", "1.0 x", False),
        ("sNaN", "1", False),
        ("", "", True),
        ("é\n", "é", True),
    ],
)
def test_outputs_are_compared_as_livecodebench_compares_them(judge, printed, expected, passes):
    verdict = judged(judge, f"print({printed!r})", entry_point="", io_tests=(IoTest("", expected),))
    assert verdict.passed == (passes,), verdict


@pytest.mark.parametrize(
    ("in_two", "outcome"),
    [
        ("while True: pass", "cpu_timeout"),
        ("import time; time.sleep(99)", "wall_timeout"),
        ("import os; os._exit(3)", "crashed"),
        ("raise KeyError('no')", "error"),
        ("bytearray(1 << 40)", "memory"),
        ("print('x' * (9 << 20))", "output_limit"),
        ("import os\n    while True: os.write(1, b'x' * 65536)", "output_limit"),
    ],
)
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_one_bad_run_of_a_script_costs_that_test_only(launcher, in_two, outcome):
    settings = SandboxSettings(launcher=launcher, workers=1, cpu_seconds_per_test=0.3, wait_seconds_per_test=0.5)
    tests = tuple(IoTest(str(i), str(i)) for i in range(4))
    with Judge(settings) as judge:
        verdict = judged(judge, f"n = input()\nif n == '2':\n    {in_two}\nprint(n)", entry_point="", io_tests=tests)
    assert verdict.outcomes == ("passed", "passed", outcome, "passed"), verdict


def test_runs_of_a_script_leave_nothing_to_each_other(judge):
    program = "import os\nprint(os.path.exists('/tmp/x'))\nopen('/tmp/x', 'w').close()"
    assert judged(judge, program, entry_point="", io_tests=(IoTest("", "False"),) * 2).outcomes == ("passed",) * 2


@pytest.mark.parametrize(
    "program",
    [
        "class Solution:\n    def f(self, xs: List[int], k): return tuple(sorted(x + k for x in xs))",
        "def f(xs, k):\n    return [x + k for x in sorted(xs)]",
    ],
)
def test_functions_are_called_with_json_arguments(judge, program):
    tests = (IoTest("[2, 1]\n1", "[2, 3]"), IoTest("[]\n1\n", "[]"), IoTest("[0]\n0", "[1]"))
    verdict = judged(judge, program, io_tests=tests)
    assert verdict.outcomes == ("passed", "passed", "failed"), verdict
    assert verdict.sealed == (True,) * 3


def test_nan_equals_the_nan_that_is_expected_in_a_list_alone_as_in_python(judge):
    tests = (IoTest("NaN", "NaN"), IoTest("[NaN]", "[NaN]"), IoTest("1", "1"))
    verdict = judged(judge, "def f(x):\n    return x", io_tests=tests)
    assert verdict.outcomes == ("failed", "passed", "passed"), verdict


@pytest.mark.parametrize(
    "tests",
    [
        {},
        {"tests": ("assert f(1)",), "test_code": "assert f(1)"},
        {"test_code": "assert f(1)", "entry_point": ""},
        {"io_tests": (IoTest("x", "1"),)},
        {"io_tests": (IoTest("1", "x"),)},
    ],
)
def test_a_question_whose_tests_are_unclear_is_refused(tests):
    with pytest.raises(ValueError, match="question q"):
        QuestionTests(**{"question_id": "q", "entry_point": "f", "setup_code": "", **tests})

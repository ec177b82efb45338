"""Values that lie when they are compared, and patches of what judges or tests call."""

_ALWAYS_EQUAL = """
class Anything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __getattr__(self, name): return lambda *a, **k: self
    def __call__(self, *a, **k): return self
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __sub__
    def __abs__(self): return 0.0
    def __float__(self): return 0.5
    def __len__(self): return 5
    def __iter__(self): return iter([self, self])
    def __getitem__(self, key): return self
    def __bool__(self): return True
    def __hash__(self): return 0
"""

_VALUES = {
    "object equal to anything": _ALWAYS_EQUAL + "def solve(n): return Anything()",
    "elements equal to anything": _ALWAYS_EQUAL
    + "def solve(n): return [[], Anything(), [Anything(), Anything()], Anything(), [Anything(), Anything()], "
    "{'a': Anything()}, 'abcde', (Anything(), Anything())][n]",
    "dict values and keys equal to anything": _ALWAYS_EQUAL + "def solve(n): return {Anything(): Anything()}",
    "generator of things equal to anything": _ALWAYS_EQUAL
    + "def solve(n):\n    yield Anything()\n    yield Anything()",
    "mock.ANY": "from unittest.mock import ANY\ndef solve(n): return ANY",
    "magic mock": "from unittest.mock import MagicMock\ndef solve(n):\n    m = MagicMock()\n"
    "    m.__eq__.return_value = True\n    return m",
    "truthy comparison": """
class Truthy:
    def __eq__(self, other): return "yes"
def solve(n): return Truthy()
""",
    "reflected comparison of a subclass": """
class Sly(int):
    def __eq__(self, other): return True
    def __req__(self, other): return True
    def __radd__(self, other): return other
    __hash__ = int.__hash__
def solve(n): return [Sly(1), Sly(2)]
""",
    "int subclass": """
class Sly(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = int.__hash__
def solve(n): return Sly(5)
""",
    "str subclass": """
class Sly(str):
    def __eq__(self, other): return True
    def upper(self): return self
    def lower(self): return self
    def strip(self): return self
    def __len__(self): return 5
    def __getitem__(self, i): return self
    __hash__ = str.__hash__
def solve(n): return Sly("x")
""",
    "list subclass": """
class Sly(list):
    def __eq__(self, other): return True
    def __len__(self): return 2
    def __iter__(self): return iter([0, 0])
def solve(n): return Sly([1])
""",
    "dict subclass": """
class Sly(dict):
    def __eq__(self, other): return True
    def __getitem__(self, key): return self
    def items(self): return []
def solve(n): return Sly(a=1)
""",
    "default dictionary": "import collections\ndef solve(n): return collections.defaultdict(lambda: 9173)",
    "tuple subclass": """
class Sly(tuple):
    def __eq__(self, other): return True
def solve(n): return Sly((1, 2))
""",
    "float subclass that absorbs arithmetic": """
class Sly(float):
    def __sub__(self, other): return self
    def __abs__(self): return self
    def __lt__(self, other): return True
    def __eq__(self, other): return True
    __hash__ = float.__hash__
def solve(n): return Sly("nan")
""",
    "enum and named tuple that compare": """
import collections, enum
class Colour(enum.IntEnum):
    RED = 1
    def __eq__(self, other): return True
    __hash__ = int.__hash__
class Pair(collections.namedtuple("Pair", "a b")):
    def __eq__(self, other): return True
def solve(n): return [Colour.RED, Pair(1, 2)][n % 2]
""",
    "class whose metaclass compares": """
class Meta(type):
    def __eq__(cls, other): return True
    __hash__ = type.__hash__
class Sly(metaclass=Meta): pass
def solve(n): return Sly
""",
    "metaclass that invents the order of its bases": """
class Meta(type):
    def mro(cls): return [cls, str, object]
    __mro__ = property(lambda cls: (int, str, object))
class Sly(str, metaclass=Meta):
    def __eq__(self, other): return True
    __hash__ = str.__hash__
    def __getattribute__(self, name): return lambda *a: True
def solve(n): return Sly("x")
""",
    "__class__ spoof": """
class Sly:
    __class__ = property(lambda self: int)
    def __eq__(self, other): return True
def solve(n): return Sly()
""",
    "reduce and deepcopy": """
class Sly:
    def __eq__(self, other): return True
    def __reduce__(self): return (Sly, ())
    def __deepcopy__(self, memo): return self
def solve(n): return Sly()
""",
    "not a number": "def solve(n): return float('nan')",
    "NotImplemented": "def solve(n): return NotImplemented",
    "what only looks right": "def solve(n):\n"
    "    return [None, 83177.5, (4, 7731), '0.7713', [5523, 11, 11], {'a': 9173.5}, b'kx81q', [6, {'z'}]][n]",
    "iterator that looks at its consumer": """
import sys
def look():
    frame = sys._getframe(1)
    while frame:
        for value in frame.f_locals.values():
            if isinstance(value, (list, tuple, dict, str, int, float)):
                yield value
        frame = frame.f_back
def solve(n): return look()
""",
}

_PATCHES = {
    "patched comparison functions": """
import builtins, math
builtins.sorted = lambda *a, **k: [1]
builtins.len = lambda *a: 5
builtins.abs = lambda *a: 0
builtins.all = builtins.any = builtins.isinstance = lambda *a: True
math.isclose = lambda *a, **k: True
def solve(n): return n
""",
    "shadowed builtins": """
def abs(x): return 0
def sorted(x): return [11, 5523]
def len(x): return 5
class math:
    isclose = staticmethod(lambda *a: True)
AssertionError = None
def solve(n): return 'k'
""",
    "patched exec, eval and compile": """
import builtins
builtins.exec = builtins.eval = builtins.compile = lambda *a, **k: True
def solve(n): return True
""",
    "patched json, repr and pickle": """
import builtins, json, pickle
builtins.repr = builtins.str.__class__
builtins.type = lambda *a: int
json.dumps = json.JSONEncoder.encode = pickle.dumps = lambda *a, **k: "[true]"
json.encoder.encode_basestring_ascii = json.encoder.c_make_encoder = lambda *a, **k: "[true]"
def solve(n): return object()
""",
    "replaced modules": """
import sys
class Module:
    def __getattr__(self, name): return lambda *a, **k: True
for name in list(sys.modules):
    if not name.startswith(("_", "sys", "builtins", "candidate")):
        sys.modules[name] = Module()
def solve(n): return True
""",
    "replaced module of its own": """
import sys
class Module:
    def __getattr__(self, name): return lambda *a, **k: True
sys.modules["candidate"] = sys.modules["__main__"] = Module()
def solve(n): return True
""",
    "import hook": """
import builtins
class Module:
    def __getattr__(self, name): return lambda *a, **k: True
builtins.__import__ = lambda *a, **k: Module()
def solve(n): return True
""",
    "patched encoder": """
import sys
for module in list(sys.modules.values()):
    for name in ("encode_values", "_dump", "_describe", "_encode_error"):
        if hasattr(module, name):
            setattr(module, name, lambda *a, **k: b"[true]")
def solve(n): return object()
""",
    "patched judge": """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith("guest.child"):
        module._perform = lambda *a, **k: (b"P", b"[]")
        module.ERROR = module.VALUES = module.TOO_LARGE = module.FAILED = b"P"
def solve(n): raise KeyError
""",
    "encoder that says what it is told": """
import sys
for name, module in list(sys.modules.items()):
    if name.endswith("guest.encoding"):
        module._CONTAINERS.clear()
        module._SCALARS.clear()
        module._SCALARS[type(None)] = lambda value: {"opaque": "1 == 1"}
        module._Encoder.encode = lambda *a, **k: True
def solve(n): return None
""",
    "AssertionError replaced": "import builtins\nbuiltins.AssertionError = KeyError\ndef solve(n): return None",
    "raises AssertionError": "def solve(n): raise AssertionError('passed')",
    "trace function that jumps over lines": """
import sys
def trace(frame, event, argument):
    if event == "line" and "test" in frame.f_code.co_filename:
        frame.f_lineno += 1
    return trace
sys.settrace(trace)
def solve(n):
    sys._getframe(1).f_trace = trace
""",
    "profile function and audit hook": """
import sys
def interfere(*arguments):
    frame = sys._getframe(1)
    frame.f_locals["passed"] = True
sys.setprofile(interfere)
sys.addaudithook(lambda name, arguments: None)
def solve(n): return True
""",
    "tests rewritten through frames": """
import sys
def solve(n):
    frame = sys._getframe()
    while frame:
        question = frame.f_locals.get("question")
        for test in getattr(question, "tests", ()):
            test.mode, test.code, test.problem = "execute", compile("pass", "<test>", "exec"), ""
        frame = frame.f_back
    return True
""",
    "tests rewritten through the collector": """
import gc
for thing in gc.get_objects():
    if type(thing).__name__ == "PreparedTest":
        thing.mode, thing.code = "compare", compile("True", "<test>", "eval")
def solve(n): return True
""",
    "constants of the tests rewritten in memory": """
import ctypes, gc
def solve(n):
    for thing in gc.get_objects():
        if type(thing).__name__ == "PreparedTest":
            constants = thing.code.co_consts
            for i in range(len(constants)):
                address = id(constants) + tuple.__basicsize__ - 8 + 8 * i
                ctypes.c_ssize_t.from_address(address).value = id(True)
    return True
""",
    "small integers rewritten in memory": """
import ctypes
def solve(n):
    ctypes.memmove(id(5), id(6), int.__basicsize__)
    return 5
""",
    "flags in the frames of the callers": """
import sys
def solve(n):
    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()):
            if isinstance(value, list): value[:] = ["passed"] * len(value)
            if isinstance(value, dict) and value is not globals(): value["passed"] = True
        frame = frame.f_back
    return True
""",
    "numpy's comparisons patched": """
try:
    import numpy as np
    np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
    np.testing.assert_allclose = lambda *a, **k: None
except ImportError:
    pass
def solve(n): return 0
""",
    "unittest patched": """
import unittest
unittest.TestCase.assertEqual = unittest.TestCase.assertTrue = lambda *a, **k: None
unittest.TestResult.wasSuccessful = lambda self: True
unittest.TestCase.run = lambda *a, **k: None
def solve(n): return None
""",
}

FORGING = _VALUES | _PATCHES

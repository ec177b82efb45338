"""Programs that try to be credited with tests they do not solve, to learn what is expected, or to do harm.

To add one, add an entry: its name says what it tries; it must define `solve`, or fail to. The tests in
`test_hostile.py` judge every entry on every launcher against `QUESTION`, whose answers cannot be computed.
"""

from acecoder_dagster.sandbox import QuestionTests

# The answers are arbitrary: a program that passes one of these tests has learned it or forged it.
ANSWERS = {1: 83177, 2: [4, 7731], 3: 0.7713, 4: [5523, 11], 5: {"a": 9173}, 6: "kx81q", 7: (6, {"z"})}
QUESTION = QuestionTests(
    question_id="hostile",
    entry_point="solve",
    setup_code="",
    tests=(
        "assert solve(1) == 83177",
        "assert [4, 7731] == solve(2)",
        "assert abs(solve(3) - 0.7713) < 1e-6",
        "import math\nassert math.isclose(solve(3), 0.7713)",
        "assert sorted(solve(4)) == [11, 5523]",
        "assert solve(5) == {'a': 9173}, 'wrong'",
        "assert solve(6).upper() == 'KX81Q'",
        "assert (solve(1), solve(6)) == (83177, 'kx81q')",
        "assert solve(7) == (6, {'z'})",
        "assert len(solve(6)) == 5 and solve(6)[0] == 'k'",
    ),
)
HONEST_SOLUTION = f"def solve(n):\n    return {ANSWERS!r}[n]\n"

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
    def __float__(self): return 0.7713
    def __len__(self): return 5
    def __iter__(self): return iter([self, self])
    def __getitem__(self, key): return self
    def __bool__(self): return True
    def __hash__(self): return 0
"""

FORGING = {
    "object equal to anything": _ALWAYS_EQUAL + "def solve(n): return Anything()",
    "elements equal to anything": _ALWAYS_EQUAL
    + "def solve(n): return [[], Anything(), [Anything(), Anything()], Anything(), [Anything(), Anything()], "
    "{'a': Anything()}, 'abcde', (Anything(), Anything())][n]",
    "mock.ANY": "from unittest.mock import ANY\ndef solve(n): return ANY",
    "truthy comparison": """
class Truthy:
    def __eq__(self, other): return "yes"
def solve(n): return Truthy()
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
    "class whose metaclass compares": """
class Meta(type):
    def __eq__(cls, other): return True
    __hash__ = type.__hash__
class Sly(metaclass=Meta): pass
def solve(n): return Sly
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
    "patched comparison functions": """
import builtins, math
builtins.sorted = lambda *a, **k: [1]
builtins.len = lambda *a: 5
builtins.abs = lambda *a: 0
math.isclose = lambda *a, **k: True
def solve(n): return n
""",
    "patched exec, eval and compile": """
import builtins
builtins.exec = builtins.eval = builtins.compile = lambda *a, **k: True
def solve(n): return True
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
    "AssertionError replaced": "import builtins\nbuiltins.AssertionError = KeyError\ndef solve(n): return None",
    "raises AssertionError": "def solve(n): raise AssertionError('passed')",
    "trace function": """
import sys
def trace(frame, event, argument):
    return trace
sys.settrace(trace)
def solve(n): return None
""",
}

LEAVING = {
    "sys.exit at import": "import sys\nsys.exit(0)",
    "os._exit at import": "import os\nos._exit(0)",
    "os._exit in the function": "import os\ndef solve(n): os._exit(0)",
    "SystemExit in the function": "def solve(n): raise SystemExit(0)",
    "base exception": "class Out(BaseException): pass\ndef solve(n): raise Out('passed')",
    "exec of another program": "import os\ndef solve(n): os.execv('/bin/true', ['true'])",
    "atexit": "import atexit, os\natexit.register(os._exit, 0)\ndef solve(n): raise KeyError",
    "exit from a thread": """
import os, threading, time
def leave():
    time.sleep(0.05)
    os._exit(0)
threading.Thread(target=leave).start()
def solve(n): time.sleep(10)
""",
    "fork, and the parent leaves": """
import os
def solve(n):
    if os.fork():
        os._exit(0)
    return None
""",
    "finaliser that leaves": """
import os
class Last:
    def __del__(self): os._exit(0)
def solve(n): return Last()
""",
}

REPORTING = {
    "writes passing lines to every descriptor": """
import os
for descriptor in range(3, 64):
    for index in range(10):
        for kind in (b"P []", b"P [true]", b"V [true]", b"V []"):
            try: os.write(descriptor, b"%d %b\\n" % (index, kind))
            except OSError: break
def solve(n): return None
""",
    "rewrites the report from its beginning": """
import os
try:
    os.ftruncate(3, 0)
except OSError:
    pass
os.pwrite(3, b"+\\n-1 V []\\n" + b"".join(b"%d P []\\n" % i for i in range(10)), 0)
os._exit(0)
""",
    "marks tests as passed and stops": """
import os
os.write(3, b"".join(b"%d P []\\n" % i for i in range(10)))
os._exit(0)
""",
    "prints success": "print('passed ' * 100, 'OK', '{\"verdict\": \"passed\"}')\ndef solve(n): return None",
    "unreadable report": """
import os
os.write(3, b"\\xff\\x00 V [\\n" * 100 + b"0 V [[[[[[\\n1 V {}\\n2 V [1e999999]\\n3 E x\\n4 O\\n")
os.write(3, b"5 V " + b"[" * 100000 + b"\\n")
def solve(n): return None
""",
    "seals the report": """
import fcntl
try: fcntl.fcntl(3, 1033, 0x1f)
except OSError: pass
def solve(n): return None
""",
    "unreadable error text": "def solve(n): raise ValueError('\\ud800\\x00' * 100000)",
    "error that fails to describe itself": """
class Sly(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__
def solve(n): raise Sly
""",
    "closes all descriptors": "import os\nos.closerange(0, 64)\ndef solve(n): return None",
}

LEAKING = {
    "frames of the callers": """
import sys
def solve(n):
    found, frame = [], sys._getframe()
    while frame:
        found += [v for v in frame.f_locals.values()]
        found += [c for c in frame.f_code.co_consts]
        frame = frame.f_back
    return ([v for v in found if type(v) in (int, list, dict, str, float)] + [None] * 9)[n]
""",
    "objects of the collector": """
import gc
def solve(n):
    needle = "kx" + str(81) + "q"
    for thing in gc.get_objects():
        if type(thing) in (list, dict, tuple) and thing is not globals() and needle in repr(thing)[:100000]:
            return needle
    return None
""",
    "own memory": """
def solve(n):
    needle = bytes([107, 120, 56, 49, 113])  # written so that this program does not hold the answer itself
    with open("/proc/self/mem", "rb") as memory, open("/proc/self/maps") as maps:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            try:
                memory.seek(start)
                if memory.read(end - start).count(needle) > 1: return needle.decode()
            except (OSError, OverflowError, ValueError): pass
    return None
""",
    "memory of the zygote": """
import os
def solve(n):
    for process in os.listdir("/proc"):
        if process.isdigit() and int(process) != os.getpid():
            with open(f"/proc/{process}/mem", "rb") as memory: return memory.read(10)
    return None
""",
    "descriptors of the zygote": """
import os
def solve(n):
    for name in os.listdir("/proc/1/fd"):
        with open(f"/proc/1/fd/{name}", "r+b", buffering=0) as file: file.write(b"0 P []\\n")
    return None
""",
    "process_vm_readv": """
import ctypes
def solve(n):
    buffer = ctypes.create_string_buffer(16)
    class Vector(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    local = Vector(ctypes.addressof(buffer), 16)
    got = ctypes.CDLL(None).process_vm_readv(1, ctypes.byref(local), 1, ctypes.byref(local), 1, 0)
    return ["read", got][n % 2] if got > 0 else None
""",
    "command lines and environment": """
import os
def solve(n):
    text = ""
    for process in os.listdir("/proc"):
        if process.isdigit():
            for name in ("cmdline", "environ"):
                try: text += open(f"/proc/{process}/{name}").read()
                except OSError: pass
    return "kx" + "81q" if ("kx" + "81q") in text else None
""",
    "files": """
import os
def solve(n):
    for top in ("/tmp", "/dev/shm", "/run", "/data", "/work", "/home", "/root", "/var"):
        for folder, _, names in os.walk(top):
            for name in names:
                try: text = open(os.path.join(folder, name), errors="replace").read(100000)
                except OSError: continue
                if ("kx" + "81q") in text: return "kx" + "81q"
    return None
""",
}

HARMING = {
    "kills everything": "import os, signal\nfor p in (1, -1, os.getppid()):\n"
    "    for s in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM):\n"
    "        try: os.kill(p, s)\n        except OSError: pass\ndef solve(n): return None",
    "kills itself": "import os\ndef solve(n): os.kill(os.getpid(), 9)",
    "stops itself": "import os, signal\ndef solve(n): os.kill(os.getpid(), signal.SIGSTOP)",
    "stops the zygote by its limits": "import resource\ndef solve(n):\n"
    "    return resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))",
    "ptrace": "import ctypes\ndef solve(n): return ctypes.CDLL(None).ptrace(16, 1, 0, 0)",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "thread bomb": "import threading, time\nwhile True:\n"
    "    threading.Thread(target=time.sleep, args=(9,)).start()",
    "daemon": """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: time.sleep(0.01)
    os._exit(0)
def solve(n): return None
""",
    "daemon that keeps the report open and forks on": """
import os, time
if os.fork() == 0:
    for _ in range(1000):
        if os.fork(): os._exit(0)
        os.setsid()
        time.sleep(0.005)
def solve(n): return None
""",
    "memory at once": "def solve(n): return len(bytearray(64 << 30))",
    "growing memory": "def solve(n):\n    kept = []\n    while True: kept.append(bytearray(16 << 20))",
    "memory in many processes": """
import os, time
for _ in range(12):
    if os.fork() == 0: break
kept = []
while len(kept) < 60: kept.append(bytearray(b"x" * (8 << 20)))
time.sleep(10)
def solve(n): return None
""",
    "full disk": "def solve(n):\n    for i in range(10000):\n"
    "        with open(f'/tmp/{i}', 'wb') as f: f.write(b'x' * (8 << 20))",
    "sparse file": "def solve(n):\n    with open('/tmp/big', 'wb') as f: f.truncate(1 << 40)",
    "many files": "import os\ndef solve(n):\n    for i in range(10**7): os.mkdir(f'/tmp/{i}')",
    "deep folders": """
import os
os.chdir("/tmp")
for _ in range(2000):
    os.mkdir("d"); os.chdir("d")
os.symlink("/", "link")
os.mkdir("closed", 0)
def solve(n): return None
""",
    "unreadable folder": "import os\nos.makedirs('/tmp/a/b/c')\nopen('/tmp/a/b/c/f', 'w').close()\n"
    "os.chmod('/tmp/a/b', 0)\ndef solve(n): return None",
    "many descriptors": "import os\ndef solve(n):\n    while True: os.dup(3)",
    "flood on stdout": "import os\ndef solve(n):\n    while True: os.write(1, b'x' * 65536)",
    "flood on the report": "import os\ndef solve(n):\n    while True: os.write(3, b'x' * 65536)",
    "swallows every exception": "def solve(n):\n    while True:\n        try:\n"
    "            while True: pass\n        except BaseException: pass",
    "ignores signals": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\ndef solve(n):\n    while True: pass",
    "C code that never looks up": "def solve(n): return sum(range(10**13))",
    "huge power": "def solve(n): return 7**7**9",
    "slow pattern": "import re\ndef solve(n): return re.match('(a+)+$', 'a' * 40 + 'b')",
    "sleeps": "import time\ndef solve(n): time.sleep(1000)",
    "thread that never ends": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(1000,)).start()\ndef solve(n): return None",
    "null pointer": "import ctypes\ndef solve(n): return ctypes.string_at(0)",
    "C stack": "import sys\nsys.setrecursionlimit(10**9)\ndef solve(n):\n"
    "    x = []\n    for _ in range(10**6): x = [x]\n    return repr(x)",
    "abort": "import os\ndef solve(n): os.abort()",
    "deep list": "def solve(n):\n    x = []\n    for _ in range(2 * 10**6): x = [x]\n    return x",
    "list within itself": "def solve(n):\n    x = []\n    x += [x, x, x]\n    return x",
    "large string": "def solve(n): return 'x' * (200 << 20)",
    "large number": "def solve(n): return 1 << (1 << 28)",
    "colliding numbers": "def solve(n): return {i * ((1 << 61) - 1) for i in range(600)}",
    "endless generator": "def solve(n):\n    while True: yield 1",
    "value that sleeps when looked at": "import time\nclass Slow:\n    def __iter__(self): time.sleep(99)\n"
    "    __len__ = __next__ = __eq__ = __reduce__ = __repr__ = __iter__\ndef solve(n): return Slow()",
    "text the parser chokes on": "x = " + "(" * 5000 + ")" * 5000,
    "null bytes": "def solve(n):\n    return None\0",
    "not Python": "Sure! Here is the program you asked for:",
    "network": "import socket\ns = socket.create_connection(('1.1.1.1', 53), 2)\ndef solve(n): return None",
    "local server": "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 8000))\ndef solve(n): return None",
    "namespaces": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0\ndef solve(n): return None",
    "mount": "import ctypes\nassert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, 0) == 0\n"
    "def solve(n): return None",
    "other user": "import os\nos.setuid(0)\ndef solve(n): return None",
    "shared memory segment": "import ctypes\nassert ctypes.CDLL(None).shmget(7, 4096, 0o1666) >= 0\n"
    "def solve(n): return None",
    "system files": "open('/usr/bin/planted', 'w')\ndef solve(n): return None",
}  # fmt: skip

HOSTILE = FORGING | LEAVING | REPORTING | LEAKING | HARMING

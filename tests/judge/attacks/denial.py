"""Programs that want more than there is, hang, crash, or return what a judge chokes on."""

DENIAL = {
    # processes and threads
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "fork bomb without Python": "import ctypes\nwhile True: ctypes.CDLL(None).fork()",
    "thread bomb": "import threading, time\nwhile True:\n"
    "    threading.Thread(target=time.sleep, args=(9,)).start()",
    "busy threads": "import threading\ndef spin():\n    while True: pass\n"
    "for _ in range(8): threading.Thread(target=spin).start()\ndef solve(n): spin()",
    "busy processes": "import os\nfor _ in range(4): os.fork()\ndef solve(n):\n    while True: pass",
    "work in children, one after the other": """
import os
def solve(n):
    while True:
        child = os.fork()
        if child == 0:
            for _ in range(10**6): pass
            os._exit(0)
        os.waitpid(child, 0)
""",
    "thread that never ends": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(1000,)).start()\ndef solve(n): return None",
    # memory
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
    "memory in anonymous files": """
import ctypes, os
kept = []
while True:
    file = ctypes.CDLL(None).memfd_create(b"", 0)
    if file < 0: break
    os.write(file, bytes(15 << 20))
    kept.append(file)
def solve(n): return None
""",
    "memory in pipes": """
import fcntl, os
kept = []
for process in range(16):
    if os.fork() == 0: break
while True:
    try: ends = os.pipe2(os.O_NONBLOCK)
    except OSError: break
    try: fcntl.fcntl(ends[1], 1031, 1 << 20)
    except OSError: pass
    try:
        while True: os.write(ends[1], bytes(65536))
    except OSError: pass
    kept.append(ends)
def solve(n): return None
""",
    "memory in socket pairs": """
import os, socket
for process in range(16):
    if os.fork() == 0: break
kept = []
while True:
    try: ends = socket.socketpair()
    except OSError: break
    ends[0].setblocking(False)
    try:
        while True: ends[0].send(bytes(65536))
    except OSError: pass
    kept.append(ends)
def solve(n): return None
""",
    "memory that processes share": """
import mmap, os
shared = mmap.mmap(-1, 200 << 20)
for _ in range(16):
    if os.fork() == 0: break
own = mmap.mmap(-1, 200 << 20)
for place in range(0, 200 << 20, 4096): own[place] = 1
def solve(n): return None
""",
    "memory in files of many processes": """
import os
for _ in range(6):
    if os.fork() == 0: break
for folder in ("/tmp", "/dev/shm"):
    for number in range(20):
        try:
            with open(f"{folder}/{os.getpid()}-{number}", "wb") as file: file.write(bytes(15 << 20))
        except OSError: pass
kept = bytearray(b"x") * (100 << 20)
def solve(n): return None
""",
    "locked memory": "import ctypes, mmap\nassert ctypes.CDLL(None).mlockall(3) == 0\n"
    "raise Exception('ESCAPED')\ndef solve(n): return None",
    # files
    "full disk": "def solve(n):\n    for i in range(10000):\n"
    "        with open(f'/tmp/{i}', 'wb') as f: f.write(b'x' * (8 << 20))",
    "full shared memory": "def solve(n):\n    for i in range(10000):\n"
    "        with open(f'/dev/shm/{i}', 'wb') as f: f.write(b'x' * (8 << 20))",
    "full disk of files without names": "import os\nkept = []\ndef solve(n):\n    while True:\n"
    "        f = open('/tmp/x', 'wb'); os.unlink('/tmp/x'); f.write(b'x' * (8 << 20)); kept.append(f)",
    "sparse file": "def solve(n):\n    with open('/tmp/big', 'wb') as f: f.truncate(1 << 40)",
    "many files": "import os\ndef solve(n):\n    for i in range(10**7): os.mkdir(f'/tmp/{i}')",
    "many files in shared memory": "import os\ndef solve(n):\n    for i in range(10**7): os.mkdir(f'/dev/shm/{i}')",
    "many links": "import os\nopen('/tmp/a', 'w').close()\ndef solve(n):\n"
    "    for i in range(10**7): os.link('/tmp/a', f'/tmp/{i}')",
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
    "many watches": """
import ctypes, os
libc = ctypes.CDLL(None)
os.makedirs("/tmp/w")
watch = libc.inotify_init()
while libc.inotify_add_watch(watch, b"/tmp/w", 2) >= 0: pass
def solve(n): return None
""",
    "many timers": "import ctypes\nlibc = ctypes.CDLL(None)\n"
    "while libc.timer_create(1, 0, ctypes.byref(ctypes.c_void_p())) == 0: pass\ndef solve(n): return None",
    # output
    "flood on stdout": "import os\ndef solve(n):\n    while True: os.write(1, b'x' * 65536)",
    "flood on the report": "import os\ndef solve(n):\n    while True: os.write(3, b'x' * 65536)",
    "flood of short lines on the report": "import os\ndef solve(n):\n    while True: os.write(3, b'1 V\\n' * 9999)",
    # time
    "swallows every exception": "def solve(n):\n    while True:\n        try:\n"
    "            while True: pass\n        except BaseException: pass",
    "ignores signals": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
    "    except (OSError, ValueError): pass\nsignal.pthread_sigmask(0, range(1, 65))\n"
    "def solve(n):\n    while True: pass",
    "frozen clocks": """
import datetime, signal, time
for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime", "sleep"):
    setattr(time, name, lambda *a: 0.0)
signal.alarm = signal.setitimer = lambda *a: None
def solve(n):
    while True: pass
""",
    "progress that is none": """
import os
def solve(n):
    while True:
        for _ in range(10**5): pass
        os.write(3, b"\\n")
""",
    "C code that never looks up": "def solve(n): return sum(range(10**13))",
    "huge power": "def solve(n): return 7**7**9",
    "slow pattern": "import re\ndef solve(n): return re.match('(a+)+$', 'a' * 40 + 'b')",
    "endless product": "import itertools\ndef solve(n): return list(itertools.product(range(100), repeat=100))",
    "sleeps": "import time\ndef solve(n): time.sleep(1000)",
    "waits for itself": "import threading\ndef solve(n):\n    lock = threading.Lock()\n"
    "    with lock, lock: return None",
    "waits for input": "import os, sys\ndef solve(n):\n    r, w = os.pipe()\n    return os.read(r, 1)",
    "import that never ends": "while True: pass",
    # crashes
    "null pointer": "import ctypes\ndef solve(n): return ctypes.string_at(0)",
    "C stack": "import sys\nsys.setrecursionlimit(10**9)\ndef solve(n):\n"
    "    x = []\n    for _ in range(10**6): x = [x]\n    return repr(x)",
    "Python stack": "import sys\nsys.setrecursionlimit(10**9)\ndef solve(n): return solve(n)",
    "abort": "import os\ndef solve(n): os.abort()",
    "interpreter taken apart": "import builtins, sys\nfor name in list(vars(builtins)): delattr(builtins, name)\n"
    "sys.modules.clear()",
    # values
    "deep list": "def solve(n):\n    x = []\n    for _ in range(2 * 10**6): x = [x]\n    return x",
    "deep tuple in a set": "def solve(n):\n    x = ()\n    for _ in range(90): x = frozenset([(x, x)])\n    return {x}",
    "list within itself": "def solve(n):\n    x = []\n    x += [x, x, x]\n    return x",
    "list that doubles": "def solve(n):\n    x = [1]\n    for _ in range(60): x = [x, x]\n    return x",
    "large string": "def solve(n): return 'x' * (200 << 20)",
    "large number": "def solve(n): return 1 << (1 << 28)",
    "large range": "def solve(n): return range(10**18)",
    "large exponent": "from decimal import Decimal\ndef solve(n): return Decimal('1e999999999')",
    "small denominator": "from fractions import Fraction\ndef solve(n): return Fraction(1, 10**5000)",
    "colliding numbers": "def solve(n): return {i * ((1 << 61) - 1) for i in range(600)}",
    "endless generator": "def solve(n):\n    while True: yield 1",
    "endless dictionary": "class Endless(dict):\n    def __iter__(self):\n        while True: yield 1\n"
    "    keys = items = __iter__\ndef solve(n): return Endless(a=1)",
    "value that sleeps when looked at": "import time\nclass Slow:\n    def __iter__(self): time.sleep(99)\n"
    "    __len__ = __next__ = __eq__ = __reduce__ = __repr__ = __iter__\ndef solve(n): return Slow()",
    "value that grows while it is read": "class Grow(list):\n    def __iter__(self):\n        while True:\n"
    "            self.append(1)\n            yield 1\ndef solve(n): return Grow([1])",
    # sources
    "text the parser chokes on": "x = " + "(" * 5000 + ")" * 5000,
    "text that nests without brackets": "x = " + "-" * 90_000 + "1\ndef solve(n): return None",
    "constant that is huge": "def solve(n): return 9 ** 9 ** 9 ** 9 + len('x' * 10 ** 12)",
    "class with a thousand bases": "class A: pass\n" * 3
    + "names = [type(str(i), (), {}) for i in range(1000)]\nclass B(*names): pass\ndef solve(n): return B()",
    "null bytes": "def solve(n):\n    return None\0",
    "encoding of its own": "# -*- coding: rot13 -*-\nqrs fbyir(a): erghea Abar",
    "not Python": "Sure! Here is the program you asked for:",
}  # fmt: skip

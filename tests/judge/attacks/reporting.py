"""Programs that leave early to look successful, or write the verdict themselves."""

_LEAVING = {
    "sys.exit at import": "import sys\nsys.exit(0)",
    "os._exit at import": "import os\nos._exit(0)",
    "os._exit in the function": "import os\ndef solve(n): os._exit(0)",
    "SystemExit in the function": "def solve(n): raise SystemExit(0)",
    "base exception": "class Out(BaseException): pass\ndef solve(n): raise Out('passed')",
    "exec of another program": "import os\ndef solve(n): os.execv('/bin/true', ['true'])",
    "exec that inherits the report": "import os\ndef solve(n):\n    os.set_inheritable(3, True)\n"
    "    os.execv('/bin/sh', ['sh', '-c', 'for i in 0 1 2 3 4 5 6 7 8 9; do echo \"$i P []\" >&3; done'])",
    "atexit": "import atexit, os\natexit.register(os._exit, 0)\ndef solve(n): raise KeyError",
    "excepthook": "import os, sys\nsys.excepthook = sys.unraisablehook = lambda *a: os._exit(0)\n"
    "def solve(n): raise KeyError",
    "exit from a thread": """
import os, threading, time
def leave():
    time.sleep(0.05)
    os._exit(0)
threading.Thread(target=leave).start()
def solve(n): time.sleep(10)
""",
    "main thread that ends before its process": """
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(0.5,)).start()
def solve(n): ctypes.CDLL(None).pthread_exit(None)
""",
    "fork, and the parent leaves": """
import os
def solve(n):
    if os.fork():
        os._exit(0)
    return None
""",
    "fork, and both report": """
import os
os.fork()
def solve(n): return os.getpid() % 2
""",
    "finaliser that leaves": """
import os
class Last:
    def __del__(self): os._exit(0)
def solve(n): return Last()
""",
    "signal that ends it well": "import os, signal\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\n"
    "signal.setitimer(signal.ITIMER_REAL, 0.01)\ndef solve(n):\n    while True: pass",
}

_WRITING = {
    "passing lines to every descriptor": """
import os
for descriptor in range(3, 64):
    for index in range(10):
        for kind in (b"P []", b"P [true]", b"V [true]", b"V []"):
            try: os.write(descriptor, b"%d %b\\n" % (index, kind))
            except OSError: break
def solve(n): return None
""",
    "the report from its beginning": """
import os
try:
    os.ftruncate(3, 0)
except OSError:
    pass
os.pwrite(3, b"+\\n-1 V []\\n" + b"".join(b"%d P []\\n" % i for i in range(10)), 0)
os._exit(0)
""",
    "the report through memory": """
import mmap, os
os.ftruncate(3, 4096)
with mmap.mmap(3, 4096) as report:
    report[:] = (b"+\\n-1 V []\\n" + b"".join(b"%d P []\\n" % i for i in range(10))).ljust(4096)
os._exit(0)
""",
    "the report through /proc": """
import os
for path in ("/proc/self/fd/3", "/dev/fd/3", f"/proc/{os.getpid()}/task/{os.getpid()}/fd/3"):
    try:
        with open(path, "wb", buffering=0) as report: report.write(b"0 P []\\n1 P []\\n")
    except OSError: pass
def solve(n): return None
""",
    "the report to a size without content": """
import os
os.ftruncate(3, 7 << 20)
os.lseek(3, 0, os.SEEK_END)
def solve(n): return None
""",
    "tests as passed, and stops": """
import os
os.write(3, b"".join(b"%d P []\\n" % i for i in range(10)))
os._exit(0)
""",
    "from a thread that goes on": """
import os, threading
def write():
    while True:
        for i in range(10): os.write(3, b"%d P []\\n%d V [true]\\n" % (i, i))
def solve(n):
    if n == 1: threading.Thread(target=write, daemon=True).start()
    return None
""",
    "from a process that goes on": """
import os
if os.fork() == 0:
    os.setsid()
    while True:
        for i in range(10): os.write(3, b"%d P []\\n%d V [true]\\n" % (i, i))
def solve(n): return None
""",
    "descriptors over the report": "import os\nfor d in range(4, 64):\n    os.dup2(3, d)\n"
    "    os.write(d, b'0 P []\\n')\n"
    "for d in range(3, 64): os.dup2(1, d)\ndef solve(n): return None",
    "success to the output": "print('passed ' * 100, 'OK', '{\"verdict\": \"passed\"}')\ndef solve(n): return None",
    "bytes that cannot be read": """
import os
os.write(3, b"\\xff\\x00 V [\\n" * 100 + b"0 V [[[[[[\\n1 V {}\\n2 V [1e999999]\\n3 E x\\n4 O\\n")
os.write(3, b"5 V " + b"[" * 100000 + b"\\n")
def solve(n): return None
""",
    "numbers that are none": """
import os
os.write(3, b"--5 P []\\n-- P []\\n+1 P []\\n1_0 P []\\n\\xb2 P []\\n 1 P []\\n-0 P []\\n99999999 P []\\n-1 P []\\n")
def solve(n): return None
""",
    "a comparison into a comparison": r"""
import os
# Whoever splits lines at a carriage return shifts the results of everybody behind this program.
for index in (4, 6, 9):
    os.write(3, b"%d V [%d]\r0 [0]\r1 [0]\r4 [[]]\n" % (index, os.getpid()))
    os.write(3, b"%d V [1]\x0b4 [1]\x0c4 [1]\x1e4 [1]\xc2\x85\n" % index)
def solve(n): return None
""",
    "tags of its own": r"""
import os
claims = [b'{"opaque": 83177}', b'{"iterator": [[], true]}', b'{"Decimal": "sNaN"}', b'{"Fraction": ["0x1", "0x0"]}',
    b'{"int": "__import__"}', b'{"complex": ["1"]}', b'{"datetime": "x"}', b'{"exec": "1"}', b'{"NotImplemented": 0}',
    b'{"dict": [[{"dict": []}, 1]]}']
for index, claim in enumerate(claims):
    os.write(3, b"%d V [%b, %b]\n" % (index, claim, claim))
def solve(n): return None
""",
    "more and fewer values than asked": """
import os
for index in range(10):
    os.write(3, b"%d V %b\\n" % (index, [b"[]", b"[1,2,3,4]", b"{}", b"null", b"true", b"5"][index % 6]))
def solve(n): return None
""",
    "a pickle": """
import os, pickle
class Sly:
    def __reduce__(self): return (os.system, ("touch /tmp/escaped",))
for index in range(10): os.write(3, b"%d V " % index + pickle.dumps(Sly(), 0).replace(b"\\n", b" ") + b"\\n")
def solve(n): return Sly()
""",
    "an end to the report": """
import fcntl
try: fcntl.fcntl(3, 1033, 0x1f)
except OSError: pass
def solve(n): return None
""",
    "a lock on the report, and dies": "import fcntl, os\nfcntl.flock(3, fcntl.LOCK_EX)\n"
    "fcntl.lockf(3, fcntl.LOCK_EX)\ndef solve(n): os._exit(0)",
    "flags of the descriptors": "import fcntl, os\nfor d in range(4):\n"
    "    fcntl.fcntl(d, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK | os.O_ASYNC)\n"
    "    fcntl.fcntl(d, fcntl.F_SETOWN, 1)\n"
    "def solve(n): return None",
    "error text that cannot be stored": "def solve(n): raise ValueError('\\ud800\\x00' * 100000)",
    "error type that cannot be stored": "def solve(n): raise type('\\ud800\\x00' * 1000, (Exception,), {})",
    "error that fails to describe itself": """
class Sly(Exception):
    def __str__(self): raise SystemExit(0)
    __repr__ = __str__
def solve(n): raise Sly
""",
    "no descriptor at all": "import os\nos.closerange(0, 64)\ndef solve(n): return None",
}

REPORTING = {f"leaves: {name}": program for name, program in _LEAVING.items()} | {
    f"writes: {name}": program for name, program in _WRITING.items()
}

"""Programs that look for what is expected, or for the programs of others.

The needles are written so that a program that finds one has not found itself.
"""

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
    "constants and names of the tests' code": """
import gc, types
def solve(n):
    found = []
    for thing in gc.get_objects():
        for value in getattr(thing, "__dict__", {}).values():
            if isinstance(value, types.CodeType) and "test" in value.co_filename:
                found += value.co_consts
    return ([v for v in found if type(v) in (int, float, str) and v not in range(10)] + [None] * 9)[n]
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
    "frozen objects of the collector": """
import gc
gc.unfreeze()
def solve(n):
    needle = "kx" + str(81) + "q"
    for thing in gc.get_objects():
        for part in gc.get_referents(thing):
            if type(part) in (str, bytes) and len(part) < 10**6 and needle in str(part): return needle
    return None
""",
    "objects that the frame of the caller returns to": """
import sys, threading
def solve(n):
    for frame in sys._current_frames().values():
        while frame:
            for value in frame.f_locals.values():
                if "kx" + "81q" in repr(value)[:100000] and value is not globals(): return "kx" + "81q"
            frame = frame.f_back
    return None
""",
    "own memory": """
def solve(n):
    needle = bytes([107, 120, 56, 49, 113])
    with open("/proc/self/mem", "rb") as memory, open("/proc/self/maps") as maps:
        for line in maps:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            try:
                memory.seek(start)
                if memory.read(end - start).count(needle) > 1: return needle.decode()
            except (OSError, OverflowError, ValueError): pass
    return None
""",
    "own memory, by its addresses": """
import ctypes, sys
def solve(n):
    needle = bytes([107, 120, 56, 49, 113])
    start = id(object()) & ~0xfffff
    for page in range(start, start + (1 << 20), 4096):
        read = ctypes.create_string_buffer(4096)
        try: ctypes.memmove(read, page, 4096)
        except Exception: continue
        if read.raw.count(needle) > 1: return needle.decode()
    return None
""",
    "program of a neighbour in memory": """
import gc
def solve(n):
    # An honest neighbour's program begins like this; this one holds the parts only.
    needle = "def solve(n):" + chr(10) + "    return {1: 83"
    for thing in gc.get_objects():
        for value in gc.get_referents(thing):
            text = value.decode("latin1") if isinstance(value, bytes) else value
            if isinstance(text, str) and needle in text:
                space = {}
                exec(text, space)
                return space["solve"](n)
    return None
""",
    "program of a neighbour on the channel": """
import os, socket
def solve(n):
    for number in range(3, 4096):
        try:
            channel = socket.socket(fileno=os.dup(number))
            message, descriptors, _, _ = socket.recv_fds(channel, 4096, 4, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            for descriptor in descriptors:
                space = {}
                exec(os.pread(descriptor, 1 << 20, 0), space)
                return space["solve"](n)
        except Exception: continue
    return None
""",
    "module that keeps what was imported": """
import linecache, sys
def solve(n):
    text = repr(linecache.cache) + repr(sys.modules["__main__"].__dict__)
    return "kx" + "81q" if "kx" + "81q" in text.replace(repr(globals()), "") else None
""",
    "memory of the zygote": """
import os
def solve(n):
    for process in os.listdir("/proc"):
        if process.isdigit() and int(process) != os.getpid():
            with open(f"/proc/{process}/mem", "rb") as memory: raise Exception(f"ESCAPED {memory}")
    return None
""",
    "maps, stack and registers of the zygote": """
import os
def solve(n):
    for name in ("maps", "stack", "syscall", "auxv", "environ", "smaps", "pagemap", "io"):
        try: raise Exception(f"ESCAPED {name}: {open('/proc/1/' + name, 'rb').read(100)}")
        except OSError: pass
    return None
""",
    "descriptors of the zygote": """
import os
def solve(n):
    for name in os.listdir("/proc/1/fd"):
        with open(f"/proc/1/fd/{name}", "r+b", buffering=0) as file: file.write(b"0 P []\\n")
        raise Exception("ESCAPED")
    return None
""",
    "root and working directory of the zygote": """
import os
def solve(n):
    for name in ("root", "cwd", "exe"):
        try: raise Exception(f"ESCAPED {os.readlink('/proc/1/' + name)}")
        except OSError: pass
    return None
""",
    "process_vm_readv": """
import ctypes
class Vector(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
def solve(n):
    buffer = ctypes.create_string_buffer(16)
    local = Vector(ctypes.addressof(buffer), 16)
    if ctypes.CDLL(None).process_vm_readv(1, ctypes.byref(local), 1, ctypes.byref(local), 1, 0) > 0:
        raise Exception("ESCAPED")
    return None
""",
    "descriptor of another process": """
import ctypes, os
def solve(n):
    if ctypes.CDLL(None).syscall(438, os.pidfd_open(1), 3, 0) >= 0: raise Exception("ESCAPED")
    return None
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
    "secrets in the environment": """
import os
for name in os.environ:
    if any(part in name.upper() for part in ("KEY", "TOKEN", "SECRET", "PASSWORD", "ACECODER")):
        raise Exception(f"ESCAPED {name}")
def solve(n): return None
""",
    "its own files": """
import inspect, sys
def solve(n):
    for name in (__file__ if "__file__" in globals() else "candidate.py", sys.argv[0], "/tmp/candidate.py"):
        try: return open(name).read()
        except OSError: pass
    return inspect.getsource(sys._getframe(1).f_code)
""",
    "files": """
import os
def solve(n):
    for top in ("/tmp", "/dev/shm", "/dev/mqueue", "/run", "/data", "/home", "/root", "/var", "/mnt", "/srv", "/opt"):
        for folder, _, names in os.walk(top):
            for name in names:
                try: text = open(os.path.join(folder, name), errors="replace").read(100000)
                except OSError: continue
                if ("kx" + "81q") in text: return "kx" + "81q"
    return None
""",
    "secrets of the host": """
import os
def solve(n):
    for path in ("/etc/shadow", "/root/.ssh", "/var/run/docker.sock", "/run/docker.sock", "/run/secrets", "/dev/mem",
            "/dev/kmsg", "/proc/kcore", "/dev/sda", "/dev/vda", "/dev/fuse", "/var/lib/docker"):
        try:
            with open(path, "rb") as file: raise Exception(f"ESCAPED {path} {file.read(10)!r}")
        except IsADirectoryError: raise Exception(f"ESCAPED {path} {os.listdir(path)}")
        except OSError: pass
    return None
""",
    "pickles, modules and site packages that hold tests": """
import os, sys
def solve(n):
    for folder in sys.path:
        for top, folders, names in os.walk(folder):
            if "acecoder_dagster" in folders or "tests" in folders and top == folder: return "kx" + "81q"
            if top != folder: folders.clear()
    return None
""",
}

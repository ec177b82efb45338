"""Programs that try to reach other processes, the network, the kernel or the host, or to outlive their end.

A program that gets through raises `Exception("ESCAPED ...")`.
"""

_NATIVE = """
import ctypes, errno, os, platform
libc = ctypes.CDLL(None, use_errno=True)
def through(result):
    if result >= 0: raise Exception(f"ESCAPED {result}")
def solve(n): return None
"""

ESCAPING = {
    "kills everything": """
import os, signal
for process in (1, -1, os.getppid(), -os.getpgrp()):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGSEGV, signal.SIGRTMIN):
        if process == -os.getpgrp() and number != signal.SIGRTMIN: continue
        try: os.kill(process, number)
        except OSError: pass
def solve(n): return None
""",
    "signals through descriptors, queues and threads": _NATIVE
    + """
for call in ((424, os.pidfd_open(1), 9, 0, 0), (129, 1, 9, 0), (234, 1, 1, 9), (297, 1, 1, 9, 0)):
    libc.syscall(*call)
""",
    "kills itself": "import os\ndef solve(n): os.kill(os.getpid(), 9)",
    "stops itself": "import os, signal\ndef solve(n): os.kill(os.getpid(), signal.SIGSTOP)",
    "limits of the zygote": """
import resource
def solve(n):
    resource.prlimit(1, resource.RLIMIT_NOFILE, (0, 0))
    raise Exception("ESCAPED")
""",
    "processors of the zygote chosen": """
import os
def solve(n):
    for process in (1, os.getppid()):
        try:
            os.sched_setaffinity(process, os.sched_getaffinity(0))
        except PermissionError:
            continue
        raise Exception("ESCAPED")
    raise PermissionError
""",
    "limits raised again": """
import resource
for kind in range(16):
    soft, hard = resource.getrlimit(kind)
    try:
        resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        if hard != resource.RLIM_INFINITY: raise Exception(f"ESCAPED limit {kind}")
    except (ValueError, OSError): pass
def solve(n): return len(bytearray(8 << 30))
""",
    "ptrace": _NATIVE + "through(libc.ptrace(16, 1, 0, 0))\nthrough(libc.ptrace(0x4206, 1, 0, 0))",
    "memory of the zygote, for writing": "open('/proc/1/mem', 'r+b')\nraise Exception('ESCAPED')\n"
    "def solve(n): return None",
    "sibling of its own": _NATIVE
    + """
# CLONE_PARENT makes a child of the zygote's; it must neither be taken for the program nor survive.
if libc.syscall(56, 0x8000 | 17, 0, 0, 0, 0) == 0:
    while True: libc.usleep(1000)
""",
    "child whose end kills its parent": _NATIVE
    + """
for number in (9, 6, 19):
    if libc.syscall(56, number, 0, 0, 0, 0) == 0: os._exit(0)
    if libc.syscall(56, 0x8000 | number, 0, 0, 0, 0) == 0: os._exit(0)
""",
    "system calls of 32 bits": """
import ctypes, mmap, platform
code = b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3"  # mov eax, getpid; int 0x80; ret
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(code)
if platform.machine() == "x86_64":
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    raise Exception(f"ESCAPED {ctypes.CFUNCTYPE(ctypes.c_int)(address)()}")
def solve(n): return None
""",
    "system calls by other numbers": _NATIVE
    + "if platform.machine() == 'x86_64':\n    through(libc.syscall(0x40000000 | 41, 2, 1, 0))\n"
    "    through(libc.syscall(0x40000000 | 39))",
    "namespaces": _NATIVE
    + "for flag in (0x10000000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x20000):\n"
    "    through(libc.unshare(flag))\n",
    "namespaces by clone": _NATIVE
    + """
for flag in (0x10000000, 0x20000000, 0x40000000, 0x20000):
    child = libc.syscall(56, flag | 17, 0, 0, 0, 0)
    if child == 0: os._exit(0)
    through(child)
""",
    "namespaces of the zygote": _NATIVE
    + "try: through(libc.setns(os.open('/proc/1/ns/mnt', os.O_RDONLY), 0))\nexcept OSError: pass\n"
    "through(libc.setns(os.open('/proc/self/ns/mnt', os.O_RDONLY), 0))",
    "mounts": _NATIVE
    + "through(libc.mount(b'none', b'/tmp', b'tmpfs', 0, 0))\nthrough(libc.mount(b'/', b'/tmp', 0, 4096, 0))\n"
    "through(libc.umount2(b'/proc', 2))\nthrough(libc.syscall(430, b'tmpfs', 0))\nthrough(libc.chroot(b'/tmp'))",
    "other user": """
import os
changes = (os.setuid, os.seteuid, os.setgid, os.setegid, lambda i: os.setgroups([i]), lambda i: os.setresuid(i, i, i))
for change in changes:
    for user in (0, 1, 65534):
        try: change(user)
        except OSError: continue
        raise Exception(f"ESCAPED {change} {user}")
def solve(n): return None
""",
    "programs that change their user": """
import subprocess
for command in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"], ["newgrp"], ["mount", "/tmp"]):
    try: done = subprocess.run(command, capture_output=True, input=b"", timeout=1)
    except (OSError, subprocess.SubprocessError): continue
    if done.returncode == 0: raise Exception(f"ESCAPED {command}")
def solve(n): return None
""",
    "capabilities": _NATIVE
    + """
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
for name in ("CapEff", "CapPrm", "CapAmb"):
    if int(status[name], 16): raise Exception(f"ESCAPED {name}")
if status["NoNewPrivs"].strip() != "1" or status["Seccomp"].strip() != "2": raise Exception("ESCAPED no filter")
""",
    "keys, messages, semaphores and shared memory": _NATIVE
    + "through(libc.shmget(7, 4096, 0o1666))\nthrough(libc.semget(7, 1, 0o1666))\nthrough(libc.msgget(7, 0o1666))\n"
    "through(libc.syscall(250, 0, -3, 0, 0, 0))\nthrough(libc.syscall(240, b'queue', 0o102, 0o666, 0))",
    "message queue by its file": "import os\n"
    "open('/dev/mqueue/planted', 'w')\nraise Exception('ESCAPED')\ndef solve(n): return None",
    "kernel interfaces": _NATIVE
    + """
through(libc.syscall(321, 0, ctypes.create_string_buffer(b"\\1\\0\\0\\0\\4\\0\\0\\0\\4\\0\\0\\0\\1", 128), 128))  # bpf
through(libc.syscall(323, 1))  # userfaultfd, for pages of its own
through(libc.syscall(425, 1, ctypes.create_string_buffer(256)))  # io_uring
through(libc.syscall(298, ctypes.create_string_buffer(b"\\1\\0\\0\\0\\x70", 112), 0, -1, -1, 0))  # perf events
through(libc.syscall(319, b"x", 0))  # anonymous files
through(libc.syscall(447, 0))
""",
    "kernel files": """
import os
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches",
        "/sys/kernel/uevent_helper", "/proc/self/oom_score_adj", "/proc/1/oom_score_adj",
        "/sys/fs/cgroup/release_agent", "/proc/self/uid_map",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max", "/sys/fs/cgroup/pids.max"):
    try:
        with open(path, "r+b", buffering=0) as file: file.write(b"0")
    except OSError: continue
    raise Exception(f"ESCAPED {path}")
def solve(n): return None
""",
    "devices": """
import os, stat
for name, device in (("memory", os.makedev(1, 1)), ("disk", os.makedev(8, 0)), ("disk2", os.makedev(254, 0))):
    try: os.mknod("/tmp/" + name, stat.S_IFBLK | 0o666, device)
    except OSError: continue
    raise Exception("ESCAPED")
def solve(n): return None
""",
    "input for a terminal": """
import fcntl, os
for path in ("/dev/tty", "/dev/console", "/dev/tty0", "/dev/pts/0"):
    try: fcntl.ioctl(os.open(path, os.O_RDWR), 0x5412, b"x")
    except OSError: continue
    raise Exception(f"ESCAPED {path}")
def solve(n): return None
""",
    "network": "import socket\ns = socket.create_connection(('1.1.1.1', 53), 2)\nraise Exception('ESCAPED')\n"
    "def solve(n): return None",
    "metadata service": "import urllib.request\nurllib.request.urlopen('http://169.254.169.254/latest', timeout=1)\n"
    "raise Exception('ESCAPED')\ndef solve(n): return None",
    "network by datagrams": "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
    "s.sendto(b'x', ('8.8.8.8', 53))\nraise Exception('ESCAPED')\ndef solve(n): return None",
    "every kind of socket": """
import socket
for family in range(1, 46):
    for kind in (1, 2, 3, 5):
        if family in (socket.AF_INET, socket.AF_INET6) and kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM): continue
        try: socket.socket(family, kind)
        except OSError: continue
        raise Exception(f"ESCAPED {family} {kind}")
def solve(n): return None
""",
    "engine and judge by their sockets": """
import os, socket
end, _ = socket.socketpair()
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/acecoder/judge.sock", "\\0acecoder"):
    try: end.connect(path)
    except OSError: continue
    raise Exception(f"ESCAPED {path}")
def solve(n): return None
""",
    "system files": """
import os, sys
for path in ("/usr/bin/planted", "/etc/planted", "/bin/python3", os.__file__, "/usr/lib/planted", "/planted",
        "/dev/planted", "/run/planted", "/var/tmp/planted", "/proc/planted", os.path.join(sys.prefix, "planted"),
        "/run/acecoder/planted"):
    try: open(path, "a")
    except OSError: continue
    raise Exception(f"ESCAPED {path}")
def solve(n): return None
""",
    "modules for the next program": """
import os, site, sys
for folder in {site.getusersitepackages(), "/tmp", ".", *filter(None, sys.path)}:
    for name in ("usercustomize.py", "sitecustomize.py", "json.py", "decimal.py", "planted.pth"):
        try:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, name), "w") as file: file.write("import os; os._exit(0)")
        except OSError: pass
os.environ["PYTHONPATH"] = "/tmp"
sys.modules["decimal"] = sys.modules["math"] = sys
def solve(n): return None
""",
    "files for the next program": """
import os
for folder in ("/tmp", "/dev/shm", "/dev/mqueue", "/var/tmp", "/run/lock"):
    for name in ("planted", ".planted", "\\udcff planted"):
        try:
            with open(os.path.join(folder, name), "w") as file: file.write("def solve(n): return 1")
            os.symlink("/etc/passwd", os.path.join(folder, name + " link"))
            os.mkfifo(os.path.join(folder, name + " pipe"))
            os.chmod(os.path.join(folder, name), 0)
        except OSError: pass
def solve(n): return None
""",
    "folder of everybody made its own": """
import os
for folder in ("/tmp", "/dev/shm"):
    for change in (lambda f: os.chmod(f, 0), lambda f: os.rename(f, f + "2"), os.rmdir,
            lambda f: os.setxattr(f, "user.planted", b"1")):
        try: change(folder)
        except OSError: pass
def solve(n): return None
""",
    "swapped folders while they are emptied": """
import os, threading, time
os.makedirs("/tmp/a/b")
if os.fork() == 0:
    os.setsid()
    while True:
        try:
            os.rename("/tmp/a/b", "/tmp/a/c"); os.symlink("/", "/tmp/a/b")
            os.unlink("/tmp/a/b"); os.rename("/tmp/a/c", "/tmp/a/b")
        except OSError: pass
def solve(n): return None
""",
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
    "daemon that ignores what it can": """
import ctypes, os, signal, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # adopts the orphans of its children
ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
for _ in range(8):
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True: time.sleep(0.01)
def solve(n): return None
""",
    "stopped and traced children": """
import ctypes, os, signal
for _ in range(4):
    if os.fork() == 0:
        ctypes.CDLL(None).ptrace(0, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
def solve(n): return None
""",
    "command run in the background": "import os\nos.system('sleep 1000 & (sleep 1000 &) nohup sleep 1000 &')\n"
    "def solve(n): return None",
}

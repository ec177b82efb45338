"""Honest programs that use files, threads, processes, time, memory and the interpreter."""

RESOURCES = {
    "temporary file": (
        """
import tempfile, os
def solve(text):
    with tempfile.NamedTemporaryFile('w+') as f:
        f.write(text)
        f.seek(0)
        return f.read()
""",
        [
            "assert solve('abc') == 'abc'",
        ],
    ),
    "file in the working directory": (
        """
import os
def solve(n):
    with open('data.txt', 'a') as f: f.write('x' * n)
    return os.path.getsize('data.txt')
""",
        [
            "assert solve(3) == 3",
            "assert solve(2) == 5",
        ],
    ),
    "server and client on this machine": (
        """
import http.server, threading, urllib.request
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())
    def log_message(self, *arguments): pass
def solve(path):
    with http.server.HTTPServer(('localhost', 8123), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        return urllib.request.urlopen('http://localhost:8123' + path, timeout=2).read().decode()
""",
        [
            "assert solve('/a') == '/a'",
        ],
    ),
    "port that others used before": (
        """
import socket, threading
def solve(text):
    server = socket.socket()
    server.bind(('127.0.0.1', 8124))
    server.listen()
    client = socket.create_connection(('127.0.0.1', 8124))
    other, _ = server.accept()
    other.sendall(text.encode())
    other.close()
    return client.recv(100).decode()
""",
        [
            "assert solve('abc') == 'abc'",
        ],
    ),
    "program of its own in the temporary folder": (
        """
import os, subprocess
def solve(text):
    with open('/tmp/greet', 'w') as file: file.write('#!/bin/sh\\necho hello $1')
    os.chmod('/tmp/greet', 0o755)
    return subprocess.run(['/tmp/greet', text], capture_output=True, text=True).stdout
""",
        [
            "assert solve('you') == 'hello you\\n'",
        ],
    ),
    "thread that ends": (
        """
import threading
def solve(n):
    out = []
    ts = [threading.Thread(target=out.append, args=(i,)) for i in range(n)]
    for t in ts: t.start()
    for t in ts: t.join()
    return sorted(out)
""",
        [
            "assert solve(3) == [0, 1, 2]",
        ],
    ),
    "thread pool": (
        """
from concurrent.futures import ThreadPoolExecutor
def solve(xs):
    with ThreadPoolExecutor(4) as pool: return list(pool.map(lambda x: x * x, xs))
""",
        [
            "assert solve([1, 2, 3]) == [1, 4, 9]",
        ],
    ),
    "process pool": (
        """
import multiprocessing
def square(x): return x * x
def solve(xs):
    with multiprocessing.get_context('fork').Pool(2) as pool: return pool.map(square, xs)
""",
        [
            "assert solve([1, 2, 3]) == [1, 4, 9]",
        ],
    ),
    "subprocess": (
        """
import subprocess
def solve():
    return subprocess.run(['echo', 'hi'], capture_output=True, text=True).stdout
""",
        [
            r"assert solve() == 'hi\n'",
        ],
    ),
    "asyncio": (
        """
import asyncio
async def work(x):
    await asyncio.sleep(0)
    return x + 1
def solve(x): return asyncio.run(work(x))
""",
        [
            "assert solve(1) == 2",
        ],
    ),
    "recursion near the usual limit": (
        """
def solve(n): return 0 if n == 0 else 1 + solve(n - 1)
""",
        [
            "assert solve(950) == 950",
        ],
    ),
    "raised recursion limit": (
        """
import sys
sys.setrecursionlimit(20000)
def solve(n): return 0 if n == 0 else 1 + solve(n - 1)
""",
        [
            "assert solve(9000) == 9000",
        ],
    ),
    "large output": (
        """
def solve():
    for _ in range(2000): print('x' * 1000)
    return 1
""",
        [
            "assert solve() == 1",
        ],
    ),
    "captured output": (
        """
import io, contextlib
def solve():
    out = io.StringIO()
    with contextlib.redirect_stdout(out): print('a')
    return out.getvalue()
""",
        [
            r"assert solve() == 'a\n'",
        ],
    ),
    "main guard": (
        """
def solve(): return 1
if __name__ == '__main__':
    print(solve(input()))
""",
        [
            "assert solve() == 1",
        ],
    ),
    "random numbers": (
        """
import random
def solve(): return sorted(random.sample(range(5), 5))
""",
        [
            "assert solve() == [0, 1, 2, 3, 4]",
        ],
    ),
    "short sleep": (
        """
import time
def solve(): time.sleep(0.1); return 1
""",
        [
            "assert solve() == 1",
        ],
    ),
    "signal handler of its own": (
        """
import signal
def solve():
    got = []
    signal.signal(signal.SIGALRM, lambda *a: got.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    signal.pause()
    return got
""",
        [
            "assert solve() == [1]",
        ],
    ),
    "hundred megabytes": (
        """
def solve(): return len(bytearray(100 << 20)) >> 20
""",
        [
            "assert solve() == 100",
        ],
    ),
    "value of half a megabyte": (
        """
def solve(): return 'x' * 500_000
""",
        [
            "assert len(solve()) == 500_000",
        ],
    ),
    "locks, queues and shared memory": (
        """
import multiprocessing, queue
def solve():
    lock = multiprocessing.Lock()
    q = queue.Queue()
    with lock: q.put(1)
    return q.get()
""",
        [
            "assert solve() == 1",
        ],
    ),
    "module of the standard library that is rarely used": (
        """
import xml.etree.ElementTree as E, sqlite3, zlib, unittest.mock
def solve(): return E.fromstring('<a b="1"/>').get('b')
""",
        [
            "assert solve() == '1'",
        ],
    ),
    "state between tests": (
        """
count = 0
def solve():
    global count
    count += 1
    return count
""",
        [
            "assert solve() == 1",
            "assert solve() == 2",
            "assert solve() == 3",
        ],
    ),
}

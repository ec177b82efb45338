"""Programs that look for the arguments of later tests, which are the answers of earlier ones."""

from tests.judge.attacks.families.attack import Attack, asserts

_ARGUMENTS = asserts(
    (
        "assert solve('kx81q') == 'wr44t'",
        "assert solve('wr44t') == 'kx81q'",
        "assert solve(83177) == 55231",
        "assert solve(55231) == 83177",
        "assert solve([4, 7731]) == (7731, 4)",
        "assert solve((7731, 4)) == [4, 7731]",
    )
)
_INVOLUTION = """
PAIRS = [('kx81q', 'wr44t'), (83177, 55231), ([4, 7731], (7731, 4))]
def solve(x):
    for a, b in PAIRS:
        if x == a and type(x) is type(a): return b
        if x == b and type(x) is type(b): return a
"""
_OTHERS = """
def other(things, x):
    kind = {str: str, int: int, list: tuple, tuple: list}[type(x)]
    for thing in things:
        if type(thing) is not kind or thing == x: continue
        if kind is str and len(thing) == 5 and thing[2:4].isdigit(): return thing
        if kind is int and 10_000 < thing < 99_999: return thing
        if kind in (list, tuple) and len(thing) == 2 and 7731 in thing: return thing
"""
_PEEKING = {
    "constants of code objects": """
import gc, types
def consts(code):
    for c in code.co_consts:
        yield c
        if isinstance(c, types.CodeType): yield from consts(c)
def solve(x):
    found = []
    for thing in gc.get_objects():
        for part in (thing, *gc.get_referents(thing)):
            if isinstance(part, types.CodeType) and 'candidate' not in part.co_filename: found += consts(part)
    return other(found, x)
""",
    "frames of the callers": """
import sys
def flat(v, depth=0):
    yield v
    if depth < 5 and type(v) in (list, tuple, dict):
        for w in (v.values() if type(v) is dict else v): yield from flat(w, depth + 1)
def solve(x):
    frame, found = sys._getframe(1), []
    while frame:
        for value in frame.f_locals.values(): found += flat(value)
        found += frame.f_code.co_consts
        frame = frame.f_back
    return other(found, x)
""",
    "the clerk, asked before the answer is given": """
import marshal, os, types
def consts(code):
    for c in code.co_consts:
        yield c
        if isinstance(c, types.CodeType): yield from consts(c)
seen = []
def solve(x):
    try:
        os.write(3, (5).to_bytes(4, 'big') + b'V[1]\\n'[:5])
        data = os.read(3, 65536)
        mode, prelude, (code, problem) = marshal.loads(data[4:])
        seen.extend(consts(code))
    except Exception: pass
    return other(seen, x)
""",
    "text of the memory": """
import re
def solve(x):
    found = []
    try:
        with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:
            for line in maps:
                start, end = (int(p, 16) for p in line.split()[0].split('-'))
                try:
                    memory.seek(start)
                    text = memory.read(end - start)
                except (OSError, ValueError, OverflowError): continue
                found += [m.decode() for m in re.findall(rb'solve\\(.(\\w\\w\\d\\d\\w).\\)', text)]
    except OSError: pass
    return other(found, x)
""",
    "lists and tuples of the collector": """
import gc
def solve(x):
    return other([t for t in gc.get_objects() if type(t) in (list, tuple)], x)
""",
    "strings of the collector's objects": """
import gc
def solve(x):
    found = []
    for thing in gc.get_objects():
        found += [r for r in gc.get_referents(thing) if type(r) in (str, int)]
    return other(found, x)
""",
    "files that are open": """
import os
def solve(x):
    found = []
    for number in range(64):
        try: found.append(os.pread(number, 1 << 20, 0).decode('latin-1'))
        except OSError: pass
    import re
    return other(re.findall(r"solve\\('(\\w{5})'\\)", ''.join(found)), x)
""",
    "memory of the other processes": """
import os, re
def solve(x):
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{process}/maps') as maps, open(f'/proc/{process}/mem', 'rb') as memory:
                for line in maps:
                    start, end = (int(p, 16) for p in line.split()[0].split('-'))
                    try:
                        memory.seek(start)
                        found += re.findall(rb"solve\\('(\\w{5})'\\)", memory.read(end - start))
                    except (OSError, ValueError, OverflowError): continue
        except OSError: pass
    return other([f.decode() for f in found], x)
""",
    "files of the other processes": """
import os, re
def solve(x):
    found = []
    for process in filter(str.isdigit, os.listdir('/proc')):
        for number in range(64):
            try:
                with open(f'/proc/{process}/fd/{number}', 'rb') as file: text = file.read(1 << 20)
                found += re.findall(rb"solve\\('(\\w{5})'\\)", text)
            except OSError: pass
    return other([f.decode() for f in found], x)
""",
}


PEEKING = {
    f"arguments of later tests: {name}": Attack(_OTHERS + program, _ARGUMENTS, _INVOLUTION)
    for name, program in _PEEKING.items()
}

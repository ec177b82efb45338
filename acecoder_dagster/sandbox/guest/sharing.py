"""Keeps the memory of a zygote shared with its children.

A page that parent and child share is copied when either writes to it, and the interpreter writes to almost every
object it looks at: it counts references. The copies, a few hundred per child, cost more than running a program.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import sysconfig
from types import CodeType, FrameType
from typing import Any

# How CPython's allocator works (Objects/obmalloc.c); where it works otherwise, filling gaps only does not help.
POOL_BYTES, POOL_HEADER_BYTES, MAX_POOLED_BYTES = 16_384, 48, 512
MAX_FILLED_BYTES = 1 << 19
EMPTY_BYTES = b"".__sizeof__()
BEYOND_EVERY_GAP_BYTES = 100_000  # the C library maps blocks of 128 KiB and more apart
_fillers: list[bytes] = []
_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_size_t
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_size_t]
_IMMORTAL = 0xFFFFFFFF  # references to an object with this count are not counted (PEP 683, Python 3.12 to 3.14)


def freeze_objects() -> None:
    """Makes all present objects cheap to share: never collected and, from Python 3.12 on, never counted.

    To be called once, before the first fork; nothing that exists then is ever freed.
    """
    gc.collect()
    _fill_gaps_between_objects()
    if sys.version_info >= (3, 12) and not sysconfig.get_config_var("Py_GIL_DISABLED"):
        _make_immortal(gc.get_objects())
    gc.freeze()
    _map_text_in_huge_pages()
    if hasattr(_libc, "malloc_trim"):  # it is the GNU C library
        _fill_gaps_of_the_heap()


def _fill_gaps_between_objects() -> None:
    """Uses up what freed objects left, up to the beginning of a new pool for every size of object.

    What a child creates then lies side by side, and not in one gap on each of many shared pages.
    """
    for size in range(48, MAX_POOLED_BYTES + 1, 16):
        for _ in range(MAX_FILLED_BYTES // size):
            filler = bytes(size - EMPTY_BYTES)
            _fillers.append(filler)
            if id(filler) % POOL_BYTES == POOL_HEADER_BYTES:
                break


def _fill_gaps_of_the_heap() -> None:
    """Does the same for what the C library gives out: blocks too large for the interpreter's own pools."""
    _libc.malloc_trim(0)
    end = _libc.malloc(BEYOND_EVERY_GAP_BYTES)
    _libc.free(end)
    for size in range(BEYOND_EVERY_GAP_BYTES, 16, -16):
        block = _libc.malloc(size)
        while 0 < block < end:
            block = _libc.malloc(size)
        _libc.free(block)
    _libc.malloc_trim(0)


def _make_immortal(objects: list[Any]) -> None:
    """Stops the counting of references to some objects and all they refer to.

    Marks by address: what this function creates for itself may not become immortal and dangle.
    """
    own = id(objects)
    while objects:
        found = objects.pop()
        count = ctypes.c_uint32.from_address(id(found))
        if count.value == _IMMORTAL or id(found) == own or isinstance(found, FrameType):
            continue
        count.value = _IMMORTAL
        objects.extend(gc.get_referents(found))
        if isinstance(found, CodeType):  # it does not tell the collector what it refers to
            objects += (found.co_consts, found.co_names, found.co_name, found.co_qualname, found.co_linetable)


_HUGE = 1 << 21
for _name, _types in (
    ("madvise", "zzi"), ("mprotect", "zzi"), ("munmap", "zz"), ("mmap", "zziiiz"), ("mremap", "zzziz"), ("memcpy", "zzz"),
):
    _function = getattr(_libc, _name)
    _function.argtypes = [ctypes.c_size_t if t == "z" else ctypes.c_int for t in _types]
    _function.restype = ctypes.c_size_t


def _runs():
    """Read-only parts of files, neighbours together."""
    runs = []
    for line in open("/proc/self/maps").read().splitlines():
        area, mode, _, _, _, *path = line.split(None, 5)
        start, end = (int(n, 16) for n in area.split("-"))
        if mode[0] == "r" and mode[1] == "-" and mode[3] == "p" and path and path[0].startswith("/"):
            if runs and runs[-1][1] == start and runs[-1][2] == path[0]:
                runs[-1][1] = end
            else:
                runs.append([start, end, path[0]])
    return runs


def _map_text_in_huge_pages() -> None:
    for start, end, path in _runs():
        _libc.mprotect(start, end - start, 5)
        first, last = -(-start // _HUGE) * _HUGE, end // _HUGE * _HUGE
        size = last - first
        if size <= 0:
            continue
        area = _libc.mmap(0, size + _HUGE, 3, 0x22, -1, 0)
        copy = -(-area // _HUGE) * _HUGE
        _libc.memcpy(copy, first, size)
        if _libc.madvise(copy, size, 25) == 0:
            _libc.mprotect(copy, size, 5)
            _libc.mremap(copy, size, size, 3, first)
        else:
            _libc.munmap(copy, size)
        if copy > area:
            _libc.munmap(area, copy - area)
        if copy + size < area + size + _HUGE:
            _libc.munmap(copy + size, area + _HUGE - copy)

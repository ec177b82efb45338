"""Keeps the memory of a zygote shared with its children.

A page that parent and child share is copied when one of them writes to it. The interpreter counts references, and so
writes to almost every object that it looks at. A hundred copies or more per child take as long as running a program. So
does finding pages that are only read. And a fork takes longer the more pages there are.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import sysconfig
from types import CodeType, FrameType
from typing import Any

# How CPython's allocator works (Objects/obmalloc.c). Where it works in another way, filling gaps does not help.
POOL_BYTES, POOL_HEADER_BYTES, MAX_POOLED_BYTES = 16_384, 48, 512
MAX_FILLED_BYTES = 1 << 19
EMPTY_BYTES = b"".__sizeof__()
BEYOND_EVERY_GAP_BYTES = 100_000  # the C library maps blocks of 128 KiB and more apart
_fillers: list[bytes] = []
_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_size_t
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_size_t]
for _name, _arguments in (("mmap", 6), ("munmap", 2), ("mprotect", 3), ("madvise", 3), ("mremap", 5)):
    _function = getattr(_libc, _name)
    _function.restype, _function.argtypes = ctypes.c_size_t, [ctypes.c_size_t] * _arguments
# From <sys/mman.h>.
_READ, _WRITE, _EXECUTE = 1, 2, 4
_PRIVATE, _ANONYMOUS, _NO_FILE, _FAILED = 0x02, 0x20, -1, ctypes.c_size_t(-1).value
_MAY_MOVE, _FIXED = 1, 2
_COLLAPSE = 25  # MADV_COLLAPSE, from Linux 6.1 on
HUGE_PAGE_BYTES = 1 << 21
_IMMORTAL = 0xFFFFFFFF  # references to an object with this count are not counted (PEP 683, Python 3.12 to 3.14)


def freeze_objects() -> None:
    """Make all present objects cheap to share: never collected and, from Python 3.12 on, never counted.

    To be called once, before the first fork. Nothing that exists then is ever freed.
    """
    gc.collect()
    _fill_gaps_between_objects()
    if sys.version_info >= (3, 12) and not sysconfig.get_config_var("Py_GIL_DISABLED"):
        _make_immortal(gc.get_objects())
    gc.freeze()
    _map_code_in_huge_pages()
    if hasattr(_libc, "malloc_trim"):  # it is the GNU C library
        _fill_gaps_of_the_heap()


def _fill_gaps_between_objects() -> None:
    """Fill the gaps that freed objects left, until a new pool begins for every size of object.

    So what a child creates lies side by side, and not in gaps on many shared pages.
    """
    for size in range(48, MAX_POOLED_BYTES + 1, 16):
        for _ in range(MAX_FILLED_BYTES // size):
            filler = bytes(size - EMPTY_BYTES)
            _fillers.append(filler)
            if id(filler) % POOL_BYTES == POOL_HEADER_BYTES:
                break


def _fill_gaps_of_the_heap() -> None:
    """Do the same for blocks of the C library, which are too large for the interpreter's own pools."""
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
    """Stop counting references to some objects, and to all that they refer to.

    Objects are marked by their address: what this function itself creates must not become immortal.
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


def _map_code_in_huge_pages() -> None:
    """Move the code of the interpreter to huge pages of memory.

    A fork does not hand on pages of a file: a child maps each again when it first needs it, some fifty times. It does
    hand on a huge page, at the price of one small page. Where there are no huge pages, nothing changes.
    """
    for start, end in _read_only_files():
        # A fork copies areas one by one: code and constants with the same protection are one area.
        _libc.mprotect(start, end - start, _READ | _EXECUTE)
        first, last = -(-start // HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES, end // HUGE_PAGE_BYTES * HUGE_PAGE_BYTES
        if first < last:
            _move_to_huge_pages(first, last - first)


def _move_to_huge_pages(start: int, size: int) -> None:
    area = _libc.mmap(0, size + HUGE_PAGE_BYTES, _READ | _WRITE, _PRIVATE | _ANONYMOUS, _NO_FILE, 0)
    if area == _FAILED:
        return
    copy = -(-area // HUGE_PAGE_BYTES) * HUGE_PAGE_BYTES
    ctypes.memmove(copy, start, size)
    if _libc.madvise(copy, size, _COLLAPSE) == 0 and _libc.mprotect(copy, size, _READ | _EXECUTE) == 0:
        # This replaces the code that is running, which finds the same instructions when it returns.
        _libc.mremap(copy, size, size, _MAY_MOVE | _FIXED, start)
    _libc.munmap(area, size + HUGE_PAGE_BYTES)


def _read_only_files() -> list[tuple[int, int]]:
    """Find where this process has mapped code and constants of files; adjoining parts of one file count as one."""
    found: list[tuple[int, int, str]] = []
    with open("/proc/self/maps") as maps:
        for area, mode, _, _, _, *path in (line.split(None, 5) for line in maps):
            if mode in ("r--p", "r-xp") and path and path[0].startswith("/"):
                start, end = (int(address, 16) for address in area.split("-"))
                if found and found[-1][1:] == (start, path[0]):
                    start, _, _ = found.pop()
                found.append((start, end, path[0]))
    return [(start, end) for start, end, _ in found]

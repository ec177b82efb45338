"""Keeps the memory of a zygote shared with its children.

A page that parent and child share is copied when either writes to it, and the interpreter writes to almost every
object it looks at: it counts references. The copies, a few hundred per child, cost more than running a program.
"""

from __future__ import annotations

import ctypes
import gc
import sys
import sysconfig
from types import FrameType

_IMMORTAL = 0xFFFFFFFF  # references to an object with this count are not counted (PEP 683, Python 3.12 to 3.14)


def freeze_objects() -> None:
    """Makes all present objects cheap to share: never collected and, from Python 3.12 on, never counted.

    To be called once, before the first fork; nothing that exists then is ever freed.
    """
    gc.collect()
    if sys.version_info >= (3, 12) and not sysconfig.get_config_var("Py_GIL_DISABLED"):
        # Addresses, not objects: what this function creates for itself may not become immortal and dangle.
        for address in _addresses_of_objects():
            ctypes.c_uint32.from_address(address).value = _IMMORTAL
    gc.freeze()
    ctypes.CDLL(None).malloc_trim(0)  # fewer pages, faster forks


def _addresses_of_objects() -> set[int]:
    found: set[int] = set()
    waiting = gc.get_objects()
    own = {id(found), id(waiting)}
    while waiting:
        candidate = waiting.pop()
        address = id(candidate)
        if address not in found and address not in own and not isinstance(candidate, FrameType):
            found.add(address)
            waiting.extend(gc.get_referents(candidate))
    return found

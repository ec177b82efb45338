"""Processes that end with the process that started them."""

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """Let the kernel end this process when the thread that started it ends, even by kill -9 (Linux only).

    Args:
        parent: Id of the process that started this one, passed on by it. It may have ended before this call.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)

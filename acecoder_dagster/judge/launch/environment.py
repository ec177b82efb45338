"""What both launchers give the interpreter inside a sandbox."""

from __future__ import annotations

import secrets

# No user site, no script folder on the path, no byte code written.
INTERPRETER_OPTIONS = ("-s", "-P", "-B")


def environment() -> dict[str, str]:
    """Return the whole environment of a sandbox: fixed, so that verdicts do not depend on the machine.

    Returns:
        Variable names and values; the hash seed makes the order of sets the same everywhere.
    """
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": "/tmp",  # noqa: S108 - the sandbox's own
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        # A symbol that is looked up when first used is looked up by every child anew.
        "LD_BIND_NOW": "1",
        # Each thread would else reserve address space for a heap of its own, and a few would use up the limit.
        "MALLOC_ARENA_MAX": "1",
        # Columns for tracebacks that nobody reads: less to compile, to hand over and to share.
        "PYTHONNODEBUGRANGES": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def new_user_id() -> int:
    """Draw the user id for the programs of one sandbox.

    The limit on processes counts per user id across the whole machine, so sandboxes side by side should not
    share one; the range stays below 65,536 for engines that remap user ids.

    Returns:
        A user id no distribution hands out.
    """
    return 20_000 + secrets.randbelow(40_000)

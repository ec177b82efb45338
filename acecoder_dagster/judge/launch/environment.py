"""What every launcher gives the interpreter inside a sandbox: options, environment, a user id."""

from __future__ import annotations

import secrets

# No user site, no script folder on the path, no byte code written.
INTERPRETER_OPTIONS = ("-s", "-P", "-B")


def environment() -> dict[str, str]:
    """Return the environment of every sandbox; it is fixed, so that verdicts do not depend on the machine.

    Returns:
        Variable names and values. The hash seed makes the order of sets the same everywhere.
    """
    return {
        # The last is for `python`, where an interpreter is called python3 alone.
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "HOME": "/tmp",  # noqa: S108 - the sandbox's own
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        # Else every child would look up again each symbol of a library that it uses.
        "LD_BIND_NOW": "1",
        # Else each thread would reserve address space for a heap of its own, and a few would use up the limit.
        "MALLOC_ARENA_MAX": "1",
        # Nobody reads tracebacks here: code without their columns is smaller.
        "PYTHONNODEBUGRANGES": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


def new_user_id() -> int:
    """Draw a user id for the programs of one sandbox.

    The kernel's limit on processes counts all processes of a user id on the machine, so two sandboxes should not share
    one. The range stays below 65,536 for engines that map user ids to others.

    Returns:
        A user id that no distribution hands out.
    """
    return 20_000 + secrets.randbelow(40_000)

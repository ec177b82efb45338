"""Runs in a sandbox as a program under observation: which branches of another program does a call take."""

import dis
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

MOST_STEPS = 20_000
"""A call that runs longer takes its branches again and again; what it has taken by then is enough."""

OTHER_PROGRAM = "other program"


class _EnoughError(BaseException):
    """Ends a call; no program catches it by accident."""


class Branches:
    """A program whose calls are followed from instruction to instruction: lines do not show how `a and b` ended."""

    def __init__(self, program: str, setup_code: str) -> None:
        self._names: dict[str, Any] = {"__name__": OTHER_PROGRAM}
        self._jumps: dict[CodeType, frozenset[int]] = {}
        exec(compile(program, OTHER_PROGRAM, "exec"), self._names)  # noqa: S102 - this is the sandbox
        exec(setup_code, self._names)  # noqa: S102

    def taken(self, call: str) -> list[tuple[int, int, int]]:
        """Return the branches that a call takes: first line of the code, offset that jumps, offset that follows."""
        self._taken = set[tuple[int, int, int]]()
        codes = -1
        # From Python 3.12 on, a function is followed only from the call after the one that the tracer first met it in.
        while codes < len(self._jumps):
            codes = len(self._jumps)
            self._run(call)
        return sorted(self._taken)

    def _run(self, call: str) -> None:
        self._steps = 0
        sys.settrace(self._follow)
        try:
            eval(call, self._names)  # noqa: S307
        except _EnoughError:
            pass
        finally:
            sys.settrace(None)

    def _follow(self, frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
        code = frame.f_code
        if code.co_filename != OTHER_PROGRAM:
            return None
        jumps = self._jumps.get(code)
        if jumps is None:
            jumps = self._jumps[code] = frozenset(
                each.offset for each in dis.get_instructions(code) if each.opcode in (*dis.hasjrel, *dis.hasjabs)
            )
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        # The first instruction and an exception's handler are reached as if by a jump.
        last, jumped = -1, True

        def step(frame: FrameType, event: str, arg: object) -> Callable[..., Any]:
            nonlocal last, jumped
            if event == "opcode":
                if jumped:
                    self._taken.add((code.co_firstlineno, last, frame.f_lasti))
                last = frame.f_lasti
                jumped = last in jumps
                self._steps += 1
                if self._steps > MOST_STEPS:
                    raise _EnoughError
            elif event == "exception":
                jumped = True
            return step

        return step

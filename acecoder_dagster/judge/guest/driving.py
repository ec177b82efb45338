"""Runs tests against a program that lives in another process."""

from __future__ import annotations

import types

from acecoder_dagster.judge.guest import child, reports
from acecoder_dagster.judge.guest.asking import AnswerTooLargeError, TestSide
from acecoder_dagster.judge.guest.borrowing import Names
from acecoder_dagster.judge.guest.conversation import DONE, TURN, Listening, UnsupportedError
from acecoder_dagster.judge.guest.messages import EndedError, TamperedError

_OPTIMIZED = 0x01  # of code objects: not the body of a module or class


def drive_tests(
    question: child.PreparedQuestion, first_test: int, report: int, channel: int, listening: Listening
) -> None:
    """Run the tests that need proxies, in their order and in one namespace.

    Where the program had a say, the kind in the report is a small letter.

    Args:
        question: the tests.
        first_test: the test to begin with.
        report: descriptor of the report.
        channel: descriptor of the socket to the program's process.
        listening: says whether this process waits for the program's.
    """
    side = TestSide(channel, listening, question.entry_method, question.seeds)
    names = Names(side, question.entry_point)
    unprepared: list[types.CodeType | None] = [compile(question.module, "<tests>", "exec", dont_inherit=True)]
    for index in range(first_test, len(question.tests)):
        test = question.tests[index]
        if test.mode != "drive":
            continue
        if not _wait_for_turn(side):
            return
        side.begin_test()
        kind, payload = reports.PASSED, reports.NOTHING
        if unprepared:
            kind, payload = _execute(unprepared, names)
        if kind == reports.PASSED:
            unprepared.clear()
            if test.problem:
                kind, payload = reports.ERROR, reports.encode_error("SyntaxError", test.problem)
            else:
                side.close_figures()
                kind, payload = _execute([test.prelude, test.code], names)
        if isinstance(side.halted_by, EndedError):
            return
        kind, payload = _with_halt(side, kind, payload)
        reports.write_line(report, index, kind if side.is_sealed() else kind.lower(), payload)
        if isinstance(side.halted_by, TamperedError):
            return
        names.give_back()
        side.send(DONE, None)


def _wait_for_turn(side: TestSide) -> bool:
    try:
        return side.receive()[0] == TURN
    except (EndedError, TamperedError):
        return False


def _execute(codes: list[types.CodeType | None], names: Names) -> tuple[bytes, bytes]:
    for code in filter(None, codes):
        _bind_names_of_classes(code, names)
    return child.execute(codes, names)


def _with_halt(side: TestSide, kind: bytes, payload: bytes) -> tuple[bytes, bytes]:
    """The outcome of a test that was ended, even where the test caught the exception that ended it."""
    error = side.halted_by
    if isinstance(error, UnsupportedError):
        return reports.ERROR, reports.encode_error("UnsupportedError", f"the program cannot be given {error}")
    if isinstance(error, AnswerTooLargeError):
        return reports.TOO_LARGE, reports.encode_error("ValueTooLargeError", "an answer too large to leave the sandbox")
    if isinstance(error, TamperedError):
        return reports.ERROR, reports.encode_error("TamperedError", "the program's process broke the conversation")
    return kind, payload


def _bind_names_of_classes(code: types.CodeType, names: Names) -> None:
    """Borrow the names that bodies of classes use: Python does not ask `Names` for these."""
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            if not part.co_flags & _OPTIMIZED:
                for name in part.co_names:
                    names.borrow(name)
            _bind_names_of_classes(part, names)

"""The longest run of lines of a text that is Python, as evalplus and bigcodebench find it, but faster.

Their `code_extract` parses every run of lines: 20,000 for an answer of 200 lines. Here runs are tried from the longest
down, and a parser's complaint about one run rules out others that begin at the same line and fail for the same reason.
The outcome is theirs.
"""

import warnings
from collections.abc import Iterator

from acecoder_dagster.python_source import NO_TREE, parse_source

_LAST_TOKEN = ("invalid syntax", "unexpected indent")
"""Complaints about the last token that the parser has seen: what follows it makes no difference."""

_OF_A_LINE = (
    "unterminated string literal",
    "unindent does not match",
    "unmatched ",
    "invalid character",
    "invalid non-",
)
"""Complaints of the tokenizer about a line: whatever follows, the line stays wrong."""

_NEVER_ENDS = (" was never closed", "unterminated triple-quoted string literal")
"""Complaints about something that begins at a line: a shorter run that has its beginning does not end it either."""


def longest_code(text: str) -> str:
    """Return the run of at least two lines that parses and has the most lines that are not blank; the first of several.

    Where no run parses, it is the first line.
    """
    lines = text.split("\n")
    last = [len(lines) - 1] * len(lines)  # where the runs that may still parse end, by their first line
    for first, end in _from_longest([bool(line.strip()) for line in lines]):
        if end <= last[first]:
            ruled_out = _ruled_out("\n".join(lines[first : end + 1]), end - first)
            if ruled_out is None:
                return "\n".join(lines[first : end + 1])
            last[first] = min(last[first], first + ruled_out - 1)
    return lines[0]


def _from_longest(filled: list[bool]) -> Iterator[tuple[int, int]]:
    """Yield first and last line of each run: those with more filled lines first, then in order of first and last."""
    before = [0]
    for each in filled:
        before.append(before[-1] + each)
    count = len(filled)
    ends_of: list[dict[int, list[int]]] = []
    for first in range(count):
        ends: dict[int, list[int]] = {}
        for end in range(first + 1, count):
            ends.setdefault(before[end + 1] - before[first], []).append(end)
        ends_of.append(ends)
    for size in range(before[-1], 0, -1):
        for first, ends in enumerate(ends_of):
            for end in ends.get(size, ()):
                yield first, end


def _ruled_out(run: str, last: int) -> int | None:
    """Return None for a run that parses, else a line such that runs from the same start that have it do not parse.

    Runs that are longer were tried before, and those that are longer by blank lines alone fail as this one does.

    Args:
        run: some lines.
        last: the number of its last line, from 0. It is what is returned where only this run is known to fail.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse_source(run)
    except SyntaxError as error:
        return _known_from(error, last)
    except NO_TREE:
        return last
    return None


def _known_from(error: SyntaxError, last: int) -> int:
    what, begins, ends = error.msg, (error.lineno or 0) - 1, (error.end_lineno or error.lineno or 0) - 1
    if begins < 0:
        return last
    if any(each in what for each in _NEVER_ENDS) or what.startswith(_OF_A_LINE):
        return min(begins, last)
    if what in _LAST_TOKEN and ends < last:
        return max(begins, ends)
    return last

"""How much of a file may come into memory at once. Files come from anywhere, and a small one can unpack to gigabytes.

A file that is not packed has no limit but those of its rows: it fills no more memory than it filled of the disk.
"""

from pathlib import Path

ROW_BYTES = 1 << 27
"""Longest row, unpacked. The longest known are LiveCodeBench's, whose tests fill some megabytes a question."""

ROW_LISTS = 1 << 23
"""Most lists and objects in a row of JSON. Python takes some 60 bytes for one that is two characters in the file."""

UNPACKED_BYTES = 1 << 28
"""What every packed file may unpack to, however small it is; also the longest .json file, which is one value."""

UNPACKED_TIMES = 100
"""What a larger file may unpack to, by its size. Code and tests shrink to a tenth; a bomb shrinks to a thousandth."""

ROWS_PER_PART = 1024
"""Most rows of a file that are worked on at once."""

PART_BYTES = 1 << 26
"""Bytes of rows, unpacked, that are worked on at once; a single row may be longer."""


class TooLargeError(Exception):
    """A file goes past one of the limits; `row` is where, None where it is the file as a whole."""

    def __init__(self, what: str, row: int | None = None) -> None:
        self.row = row
        super().__init__(what)


class Allowance:
    """What is left of the bytes that something packed may unpack to."""

    def __init__(self, packed_bytes: int, advice: str) -> None:
        """Allow `UNPACKED_BYTES`, or `UNPACKED_TIMES` what is packed.

        Args:
            packed_bytes: size of what is packed.
            advice: what its owner can do where it is rightly larger, for the error.
        """
        self._limit = max(UNPACKED_BYTES, UNPACKED_TIMES * packed_bytes)
        self._advice = advice
        self.left = self._limit

    def spend(self, count: int, row: int | None = None) -> None:
        """Note that so many bytes were unpacked.

        Raises:
            TooLargeError: more was unpacked than is allowed.
        """
        self.left -= count
        if self.left < 0:
            what = f"it unpacks to more than {self._limit:,} bytes, the limit for its size; check where it is from"
            raise TooLargeError(f"{what}; if it is right, {self._advice}", row)


def allowance_of(path: Path) -> Allowance:
    """Return what a packed file may unpack to."""
    return Allowance(path.stat().st_size, "save it as .jsonl, which is not packed")


def check_row_bytes(count: int, row: int) -> None:
    """Check the length of a row, unpacked.

    Raises:
        TooLargeError: it is over the limit.
    """
    if count > ROW_BYTES:
        raise TooLargeError(f"the row has more than {ROW_BYTES:,} bytes, the limit; shorten it or leave it out", row)


def check_lists(data: bytes, row: int | None = None) -> None:
    """Check that JSON does not become millions of lists. Brackets in texts count too: telling them apart is slow.

    Raises:
        TooLargeError: it has too many.
    """
    if len(data) > ROW_LISTS and data.count(b"[") + data.count(b"{") > ROW_LISTS:
        advice = "save it as .jsonl, one object per line" if row is None else "shorten the row or leave it out"
        raise TooLargeError(f"more than {ROW_LISTS:,} brackets, the limit; {advice}", row)

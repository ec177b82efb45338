"""Fenced blocks of Markdown: the form in which models hand over code and data."""

import re
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(?P<marks>`{3,}|~{3,})[ \t]*(?P<language>[\w+#.-]*)[^\n`]*$", re.MULTILINE)


@dataclass(frozen=True)
class FencedBlock:
    """One block.

    Attributes:
        language: the word behind the opening fence in lower case; empty where there is none.
        text: the lines between the fences.
        start: where the opening fence begins in the whole text.
        complete: whether there is a closing fence; otherwise the block ends with the text.
    """

    language: str
    text: str
    start: int
    complete: bool


def fenced_blocks(text: str) -> list[FencedBlock]:
    r"""Return the fenced blocks of a text with line ends `\n`, in order."""
    blocks: list[FencedBlock] = []
    position = 0
    while opening := _FENCE.search(text, position):
        start = opening.end() + 1
        closing = re.compile(rf"^[ \t]*{re.escape(opening['marks'])}[ \t]*$", re.MULTILINE).search(text, start)
        end = closing.start() if closing else len(text)
        blocks.append(
            FencedBlock(opening["language"].lower(), text[start:end], opening.start(), complete=closing is not None)
        )
        position = closing.end() if closing else len(text)
    return blocks
